// Words for plain loops that the compiler shall turn into vector code.
#pragma once

// The iterations are independent. Without it GCC wants a run-time alias test per pair of streams and gives up
// beyond ten. GCC ignores it where the loop bound is a call: hoist the bound.
#if defined(__clang__)
// A permission, not a demand: loops that call the standard library stay scalar.
#pragma clang diagnostic ignored "-Wpass-failed"
#define APICAL_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#define APICAL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define APICAL_IVDEP _Pragma("GCC ivdep")
#define APICAL_UNROLL _Pragma("GCC unroll 16")
#endif

#define APICAL_INLINE inline __attribute__((always_inline))
