#include "network/counted_heap.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void note() {
  if (counting) ++allocations;
}

}  // namespace

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);

void* __wrap_malloc(std::size_t size) {
  note();
  return __real_malloc(size);
}
void* __wrap_calloc(std::size_t number, std::size_t size) {
  note();
  return __real_calloc(number, size);
}
void* __wrap_realloc(void* memory, std::size_t size) {
  note();
  return __real_realloc(memory, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  note();
  return __real_aligned_alloc(alignment, size);
}
}

void* operator new(std::size_t size) {
  note();
  if (void* memory = __real_malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  note();
  const auto step = static_cast<std::size_t>(alignment);
  if (void* memory = __real_aligned_alloc(step, (size + step - 1) / step * step)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace apical {

CountedHeap::CountedHeap() {
  ::allocations = 0;
  counting = true;
}
CountedHeap::~CountedHeap() { counting = false; }
int CountedHeap::allocations() const { return ::allocations; }

}  // namespace apical
