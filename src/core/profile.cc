#include "core/profile.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace apical::profile {
namespace {

using detail::Page;

struct Book {
  std::mutex mutex;
  std::vector<Page*> pages;  // of threads that live
  Account left;              // by threads that have ended
};

Book& book() {
  static Book book;
  return book;
}

class OwnedPage {
 public:
  OwnedPage() {
    const std::scoped_lock lock(book().mutex);
    book().pages.push_back(&page);
  }
  ~OwnedPage() {
    const std::scoped_lock lock(book().mutex);
    book().left += page.account;
    std::erase(book().pages, &page);
  }
  Page page;
};

}  // namespace

namespace detail {

std::atomic<bool> running = false;

Page& page() {
  thread_local OwnedPage own;
  return own.page;
}

}  // namespace detail

Tally& operator+=(Tally& sum, const Tally& other) {
  sum.calls += other.calls;
  sum.multiply_adds += other.multiply_adds;
  sum.elements += other.elements;
  sum.bytes += other.bytes;
  sum.seconds += other.seconds;
  return sum;
}

Account& Account::operator+=(const Account& other) {
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    for (std::size_t kind = 0; kind < kWorks; ++kind) work[phase][kind] += other.work[phase][kind];
    seconds[phase] += other.seconds[phase];
  }
  settling_steps += other.settling_steps;
  return *this;
}

Tally Account::of(Work kind) const {
  Tally sum;
  for (const auto& phase : work) sum += phase[static_cast<std::size_t>(kind)];
  return sum;
}

Tally Account::of(Phase phase) const {
  Tally sum;
  for (const Tally& tally : work[static_cast<std::size_t>(phase)]) sum += tally;
  return sum;
}

Tally Account::all() const {
  Tally sum;
  for (std::size_t phase = 0; phase < kPhases; ++phase) sum += of(static_cast<Phase>(phase));
  return sum;
}

void start() {
  const std::scoped_lock lock(book().mutex);
  for (Page* page : book().pages) *page = {};
  book().left = {};
  detail::running.store(true, std::memory_order_relaxed);
}

Account stop() {
  detail::running.store(false, std::memory_order_relaxed);
  const std::scoped_lock lock(book().mutex);
  Account sum = book().left;
  for (const Page* page : book().pages) sum += page->account;
  return sum;
}

// The time until now goes to the phase that the thread was in.
void PhaseScope::enter(Phase phase) {
  page_ = &detail::page();
  const auto now = detail::Clock::now();
  outer_ = page_->phase;
  in_outer_ = page_->in_phase;
  if (in_outer_) {
    page_->account.seconds[static_cast<std::size_t>(outer_)] += detail::seconds_between(page_->since, now);
  }
  page_->phase = phase;
  page_->in_phase = true;
  page_->since = now;
}

void PhaseScope::leave() {
  const auto now = detail::Clock::now();
  page_->account.seconds[static_cast<std::size_t>(page_->phase)] +=
      detail::seconds_between(page_->since, now);
  page_->phase = outer_;
  page_->in_phase = in_outer_;
  page_->since = now;
}

void WorkScope::enter(Work kind, const Tally& tally) {
  detail::Page& page = detail::page();
  const Phase phase = page.in_phase ? page.phase : Phase::feedforward;
  tally_ = &page.account.work[static_cast<std::size_t>(phase)][static_cast<std::size_t>(kind)];
  *tally_ += tally;
  ++tally_->calls;
  start_ = detail::Clock::now();
}

void add_settling_steps(double steps, double samples) {
  if (on()) detail::page().account.settling_steps += steps * samples;
}

}  // namespace apical::profile
