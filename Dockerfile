# raftcheck and nothing else: for recorded traces, histories, and programs that are in the image or mounted.
#
#   docker build -t raftcheck .
#   docker run --rm -v "$PWD:/work" raftcheck verify traces/*.ndjson.gz
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /raftcheck ./cmd/raftcheck

FROM debian:stable-slim
COPY --from=build /raftcheck /usr/local/bin/raftcheck
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/raftcheck"]
