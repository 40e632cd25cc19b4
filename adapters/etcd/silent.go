package etcd

import "fmt"

// Silent is a logger that says nothing. What the library calls fatal, and its panics, are panics.
type Silent struct{}

// Debug says nothing.
func (Silent) Debug(...any) {}

// Debugf says nothing.
func (Silent) Debugf(string, ...any) {}

// Info says nothing.
func (Silent) Info(...any) {}

// Infof says nothing.
func (Silent) Infof(string, ...any) {}

// Warning says nothing.
func (Silent) Warning(...any) {}

// Warningf says nothing.
func (Silent) Warningf(string, ...any) {}

// Error says nothing.
func (Silent) Error(...any) {}

// Errorf says nothing.
func (Silent) Errorf(string, ...any) {}

// Fatal panics.
func (Silent) Fatal(v ...any) { panic(fmt.Sprint(v...)) }

// Fatalf panics.
func (Silent) Fatalf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }

// Panic panics.
func (Silent) Panic(v ...any) { panic(fmt.Sprint(v...)) }

// Panicf panics.
func (Silent) Panicf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }
