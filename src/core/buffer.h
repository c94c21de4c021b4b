// Zeroed, cache-line aligned storage for numbers.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace apical {

template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t count) : count_(count) {
    if (count == 0) return;
    // whole pages, so that two buffers never share a cache line and vectors may read past the last element
    const std::size_t bytes = (count * sizeof(T) + kAlignment + kAlignment - 1) / kAlignment * kAlignment;
    void* memory = std::aligned_alloc(kAlignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    data_.reset(static_cast<T*>(memory));
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return count_ * sizeof(T); }
  bool empty() const { return count_ == 0; }
  void zero() {
    if (count_ != 0) std::memset(data_.get(), 0, count_ * sizeof(T));
  }
  Buffer copy() const {
    Buffer other(count_);
    if (count_ != 0) std::memcpy(other.data(), data(), count_ * sizeof(T));
    return other;
  }

 private:
  static constexpr std::size_t kAlignment = 4096;
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t count_ = 0;
};

template <class T>
std::size_t total_bytes(const std::vector<Buffer<T>>& buffers) {
  std::size_t sum = 0;
  for (const Buffer<T>& buffer : buffers) sum += buffer.bytes();
  return sum;
}

}  // namespace apical
