#include "core/pool.h"

#include <chrono>
#include <utility>

#include "core/flush_denormals.h"

namespace apical {
namespace {

// Long enough to bridge the gaps between the phases of a minibatch, short enough to leave a busy machine alone.
constexpr std::chrono::microseconds kSpin{20};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

template <class Ready, class Sleep>
void wait(Ready ready, Sleep sleep) {
  if (ready()) return;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return;
      pause();
    }
  }
  while (!ready()) sleep();
}

}  // namespace

Pool::Pool(unsigned threads) : shares_(threads > 0 ? threads : 1) {
  for (unsigned thread = 1; thread < threads; ++thread) {
    crew_.emplace_back([this, thread](std::stop_token stop) { serve(stop, thread); });
  }
}

Pool::~Pool() {
  for (auto& member : crew_) member.request_stop();
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
}

void Pool::start(std::uint32_t jobs, Call call, void* context) {
  if (jobs == 0) return;
  call_ = call;
  context_ = context;
  left_.store(jobs, std::memory_order_relaxed);
  const std::uint64_t all = jobs, threads = shares_.size();
  for (std::uint64_t thread = 0; thread < threads; ++thread) {
    const std::uint64_t first = all * thread / threads, end = all * (thread + 1) / threads;
    shares_[thread].jobs.store(end << 32 | first, std::memory_order_release);
  }
  if (!crew_.empty() && jobs > 1) {
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();
  }
  {
    const FlushDenormals flush;
    work(0);
  }
  wait([&] { return left_.load(std::memory_order_acquire) == 0; },
       [&] {
         const std::uint32_t left = left_.load(std::memory_order_acquire);
         if (left != 0) left_.wait(left, std::memory_order_acquire);
       });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Pool::work(unsigned thread) {
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const std::size_t owner = (thread + i) % shares_.size();
    work_off(shares_[owner], i == 0, thread);
  }
}

// The owner takes the first jobs of a share, helpers the last. A successful exchange claims a job of the current run, which cannot end
// before that job does: call_ and context_ are then safe to read, even for a thread that woke up late.
void Pool::work_off(Share& share, bool own, unsigned thread) {
  std::uint64_t word = share.jobs.load(std::memory_order_acquire);
  while (true) {
    const auto first = static_cast<std::uint32_t>(word), end = static_cast<std::uint32_t>(word >> 32);
    if (first >= end) return;
    const std::uint64_t rest = own ? word + 1 : word - (std::uint64_t{1} << 32);
    if (!share.jobs.compare_exchange_weak(word, rest, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    try {
      call_(context_, own ? first : end - 1, thread);
    } catch (...) {
      const std::scoped_lock lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
    word = share.jobs.load(std::memory_order_acquire);
  }
}

void Pool::serve(std::stop_token stop, unsigned thread) {
  const FlushDenormals flush;
  std::uint32_t seen = 0;
  while (true) {
    wait([&] { return epoch_.load(std::memory_order_acquire) != seen; },
         [&] { epoch_.wait(seen, std::memory_order_acquire); });
    seen = epoch_.load(std::memory_order_acquire);
    if (stop.stop_requested()) return;
    work(thread);
  }
}

}  // namespace apical
