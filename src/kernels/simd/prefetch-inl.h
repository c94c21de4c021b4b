// Included once per instruction-set namespace, inside it.

// Brings a cache line near that will be written soon, and takes it from the core that read it. The compiler's own prefetch leaves it shared
// where a processor's name does not promise the instruction; processors without it do nothing.
template <class T>
HWY_INLINE void fetch_to_write(const T* line) {
#if HWY_ARCH_X86
  asm volatile("prefetchw %0" : : "m"(*line));
#else
  __builtin_prefetch(line, 1);
#endif
}
