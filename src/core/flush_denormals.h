// Numbers below the smallest normal one (1e-38 in single precision) as zero.
#pragma once

#include <cstdint>

namespace apical {

// While it lives, this thread's arithmetic takes such numbers for zero and gives zero for them. Processors compute with them some hundred
// times as slowly as with others, and saturated networks are full of them: products of small errors and nearly flat slopes, which move no
// weight. Does nothing on processors that it does not know.
class FlushDenormals {
 public:
  FlushDenormals() : before_(control()) { set_control(before_ | kFlush); }
  ~FlushDenormals() { set_control(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__x86_64__)
  using Control = std::uint32_t;
  static constexpr Control kFlush = 0x8040;  // MXCSR: results (bit 15) and operands (bit 6)
  static Control control() { return __builtin_ia32_stmxcsr(); }
  static void set_control(Control value) { __builtin_ia32_ldmxcsr(value); }
#elif defined(__aarch64__)
  using Control = std::uint64_t;
  static constexpr Control kFlush = 1u << 24;  // FPCR.FZ: both
  static Control control() {
    Control value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void set_control(Control value) { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }
#else
  using Control = std::uint32_t;
  static constexpr Control kFlush = 0;
  static Control control() { return 0; }
  static void set_control(Control) {}
#endif

  Control before_;
};

}  // namespace apical
