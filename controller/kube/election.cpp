// SPDX-License-Identifier: Apache-2.0
// Tested by election_test.cpp, and with processes that are stopped and killed by
// tests/system/leader_test.py.
#include "controller/kube/election.h"

#include <time.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "base/log.h"
#include "controller/kube/lease.h"
#include "controller/kube/resource.h"

namespace smic::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kGoodbye{3'000};  // for the API to hear that we give up

// Goes on while the machine sleeps, unlike the steady clock.
nanoseconds now_with_sleep() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

// A renewal that takes longer than this is not worth waiting for: the next try may be quicker.
Timeouts timeouts_of(const LeaseTimes& times) {
  return {.connect = times.retry() * 2, .answer = times.retry() * 2};
}

class Election final : public Leadership {
 public:
  Election(Config config, Candidacy candidacy, std::uint64_t seed)
      : us_(std::move(candidacy)),
        client_(std::move(config), hurry_, timeouts_of(us_.times)),
        random_(seed),
        thread_([this] { run(); }) {}

  ~Election() override {
    ending_.stop();
    {
      std::unique_lock lock(mutex_);
      condition_.wait_for(lock, kGoodbye, [this] { return ended_; });
    }
    hurry_.stop();
    thread_.join();
  }

  bool leads() const override { return now_with_sleep().count() < valid_until_; }

  std::string leader() const override {
    const std::lock_guard lock(mutex_);
    return leader_;
  }

  void on_change(OnChange tell) override {
    const std::lock_guard lock(mutex_);
    if (!tell) return tell_.clear();
    if (told_) tell(true);
    tell_.push_back(std::move(tell));
  }

 private:
  const Resource kLeases{"coordination.k8s.io", "v1", "leases"};

  void run() {
    while (!ending_.stopped()) {
      if (auto tried = take_part(); !tried) complain(tried.error());
      tell_change();
      ending_.wait(pause());
    }
    release();
    valid_until_ = 0;
    tell_change();
    const std::lock_guard lock(mutex_);
    ended_ = true;
    condition_.notify_all();
  }

  // Candidates do not all ask at the same moment. Who leads is told when that ends.
  milliseconds pause() {
    const auto most = us_.times.retry().count();
    const milliseconds drawn(
        std::uniform_int_distribution<std::int64_t>(most * 3 / 4, most)(random_));
    if (!leads()) return drawn;
    const nanoseconds left = nanoseconds(valid_until_) - now_with_sleep();
    return std::min(drawn, std::chrono::ceil<milliseconds>(std::max(left, nanoseconds(0))));
  }

  Holding holding() const {
    return {us_.identity, us_.times.duration, std::chrono::system_clock::now()};
  }

  std::string object() const { return kLeases.object(us_.ns, us_.name); }

  ApiResult<void> take_part() {
    auto read = client_.get(object());
    const nanoseconds before = now_with_sleep();
    if (!read && read.error().fault == Fault::not_found) {
      const auto made =
          client_.create(kLeases.collection(us_.ns), new_lease(us_.ns, us_.name, holding()));
      if (!made) return std::unexpected(made.error());
      return held(before, *made);
    }
    if (!read) return std::unexpected(read.error());
    const auto lease = read_lease(*read);
    if (!lease) return fault(Fault::unreadable, "the Lease cannot be read");
    if (!seen_ || *lease != *seen_) {
      seen_ = *lease;
      seen_at_ = before;
    }
    if (!is_free(*lease, before)) return taken_by(lease->holder);
    const auto written = client_.replace(object(), renewed_lease(*read, holding()));
    if (!written) return std::unexpected(written.error());
    return held(before, *written);
  }

  bool is_free(const Lease& lease, nanoseconds now) const {
    if (lease.holder.empty() || lease.holder == us_.identity) return true;
    return now - seen_at_ > lease.duration.value_or(us_.times.duration);
  }

  // `before`: a moment before the write was asked for.
  ApiResult<void> held(nanoseconds before, const std::string& object) {
    mine_ = object;
    seen_ = read_lease(object);
    seen_at_ = before;
    valid_until_ = (before + us_.times.worth()).count();
    set_leader(us_.identity);
    heal();
    return {};
  }

  // Whoever else has it, we do not: at once, though our own renewal was worth more.
  ApiResult<void> taken_by(const std::string& other) {
    valid_until_ = 0;
    mine_.clear();
    set_leader(other);
    heal();
    return {};
  }

  void set_leader(const std::string& who) {
    {
      const std::lock_guard lock(mutex_);
      if (leader_ == who) return;
      leader_ = who;
    }
    if (who != us_.identity) log_info("another controller leads", {{"leader", who}});
  }

  void tell_change() {
    const bool leading = leads();
    const std::lock_guard lock(mutex_);
    if (leading == told_) return;
    told_ = leading;
    log_info(leading ? "leading" : "not leading any more",
             {{"lease", us_.ns + '/' + us_.name}, {"identity", us_.identity}});
    for (const OnChange& tell : tell_) tell(leading);
  }

  void release() {
    if (mine_.empty()) return;
    valid_until_ = 0;  // before anybody can hear of it
    const auto told = std::chrono::system_clock::now();
    if (const auto written = client_.replace(object(), released_lease(mine_, told)); !written) {
      log_warning("the Lease was not given up", {{"reason", written.error().told()}});
    }
  }

  void complain(const ApiError& error) {
    if (error.fault == Fault::stopped || error.fault == Fault::conflict) return;
    if (error.told() == trouble_) return;
    trouble_ = error.told();
    log_warning("no part in the election of a leader", {{"reason", trouble_}});
  }

  void heal() {
    if (!std::exchange(trouble_, {}).empty()) log_info("in the election of a leader again");
  }

  const Candidacy us_;
  Stop ending_;  // of the thread's pauses
  Stop hurry_;   // of its requests: only when they take too long
  Client client_;
  std::mt19937_64 random_;
  std::optional<Lease> seen_;
  nanoseconds seen_at_{};
  std::string mine_;  // the object as we wrote it last, while nobody else did
  std::string trouble_;
  std::atomic<std::int64_t> valid_until_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  std::string leader_;
  std::vector<OnChange> tell_;
  bool told_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace

std::string identity_of(const std::string& host, std::uint64_t random) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random));
  return host + '_' + digits;
}

std::unique_ptr<Leadership> elect(Config config, Candidacy candidacy, std::uint64_t seed) {
  return std::make_unique<Election>(std::move(config), std::move(candidacy), seed);
}

}  // namespace smic::kube
