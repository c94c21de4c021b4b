// A fixed crew of threads that takes numbered jobs as it becomes free; the caller works too. Each thread begins with a share of its own,
// the same neighbouring jobs in every run of as many, so that what it wrote it finds in its cache; when done it helps others. Which thread
// runs a job is not fixed: jobs write only to storage of their own, and sums over jobs are taken in job order by whoever waits. In jobs numbers below the smallest normal one are zero.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace apical {

class Pool {
 public:
  explicit Pool(unsigned threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  unsigned threads() const { return static_cast<unsigned>(crew_.size()) + 1; }

  // Calls job(number, thread) for number = 0 … jobs−1, thread in [0, threads()). Returns when all are done; rethrows the first
  // exception that a job threw.
  template <class F>
  void run(std::uint32_t jobs, F&& job) {
    using Job = std::remove_reference_t<F>;
    start(
        jobs,
        [](void* context, std::uint32_t number, unsigned thread) {
          (*static_cast<Job*>(context))(number, thread);
        },
        const_cast<void*>(static_cast<const void*>(&job)));
  }

 private:
  using Call = void (*)(void*, std::uint32_t, unsigned);
  // The jobs of one thread's share that nobody has taken: end << 32 | first.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> jobs{0};
  };
  void start(std::uint32_t jobs, Call call, void* context);
  void work(unsigned thread);
  void work_off(Share& share, bool own, unsigned thread);
  void serve(std::stop_token stop, unsigned thread);

  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  std::vector<Share> shares_;  // one for each thread
  alignas(64) std::atomic<std::uint32_t> left_{0};
  Call call_ = nullptr;
  void* context_ = nullptr;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> crew_;
};

}  // namespace apical
