#include "core/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace apical {
namespace {

TEST(Pool, RunsEveryJobOnceForAnyNumbersOfJobsAndThreads) {
  for (const unsigned threads : {1u, 2u, 3u, 8u}) {
    Pool pool(threads);
    for (const std::uint32_t jobs : {0u, 1u, 2u, 7u, 64u, 1001u}) {
      std::vector<std::atomic<int>> times(jobs);
      std::atomic<bool> known = true;
      pool.run(jobs, [&](std::uint32_t job, unsigned thread) {
        ++times[job];
        if (thread >= threads) known = false;
      });
      for (const auto& count : times) EXPECT_EQ(count, 1) << jobs << " jobs, " << threads << " threads";
      EXPECT_TRUE(known);
    }
  }
}

TEST(Pool, JobsTakeNumbersTooSmallToBeNormalForZeroAndTheCallerDoesNot) {
  const volatile float smallest = std::numeric_limits<float>::min();
  const volatile double least = std::numeric_limits<double>::min();
  for (const unsigned threads : {1u, 3u}) {
    Pool pool(threads);
    std::atomic<int> kept = 0;
    pool.run(64, [&](std::uint32_t, unsigned) {
      kept += smallest / 2 != 0;  // a result
      kept += least / 2 != 0;
      const volatile float operand = std::bit_cast<float>(1u);
      kept += operand * 0x1p30f != 0;
      kept += smallest * 1 == 0;  // what is normal stays
    });
    EXPECT_EQ(kept, 0) << threads << " threads";
    EXPECT_NE(smallest / 2, 0);
  }
}

TEST(Pool, ThreadsBeginWithSharesOfTheirOwnThatStayTheSame) {
  constexpr unsigned kThreads = 4;
  constexpr std::uint32_t kJobs = 10;
  Pool pool(kThreads);
  for (int run = 0; run < 20; ++run) {
    std::atomic<unsigned> begun = 0;
    std::vector<int> first(kThreads, -1);
    pool.run(kJobs, [&](std::uint32_t job, unsigned thread) {
      if (first[thread] >= 0) return;
      first[thread] = static_cast<int>(job);
      // nobody goes on to help before everybody has begun
      for (++begun; begun < kThreads;) std::this_thread::yield();
    });
    EXPECT_EQ(first, (std::vector<int>{0, 2, 5, 7}));
  }
}

TEST(Pool, HelpsThreadsThatAreHeldUp) {
  Pool pool(2);
  std::atomic<int> done = 0;
  pool.run(16, [&](std::uint32_t job, unsigned) {
    // the first job waits for all others, those of its own share too
    while (job == 0 && done < 15) std::this_thread::yield();
    ++done;
  });
  EXPECT_EQ(done, 16);
}

TEST(Pool, HandsOnWhatAJobThrewAndStaysUsable) {
  Pool pool(3);
  EXPECT_THROW(pool.run(9,
                        [](std::uint32_t job, unsigned) {
                          if (job == 5) throw std::runtime_error("five");
                        }),
               std::runtime_error);
  std::atomic<int> done = 0;
  pool.run(9, [&](std::uint32_t, unsigned) { ++done; });
  EXPECT_EQ(done, 9);
}

}  // namespace
}  // namespace apical
