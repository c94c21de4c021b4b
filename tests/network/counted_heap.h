// Counts the allocations of a program that links counted_heap.cc with the linker's --wrap for malloc, calloc, realloc and aligned_alloc:
// operator new, and what the library's own objects call directly.
#pragma once

namespace apical {

// Counts, on every thread, while it lives. One at a time.
class CountedHeap {
 public:
  CountedHeap();
  ~CountedHeap();
  int allocations() const;
};

}  // namespace apical
