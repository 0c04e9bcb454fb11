// SPDX-License-Identifier: Apache-2.0
// Distribution as a concern of the daemon.
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.h"
#include "controller/distribution/distribution.h"
#include "controller/distribution/figures.h"

namespace smic::distribution {
namespace {

constexpr std::chrono::seconds kKeyLook{5};
constexpr std::chrono::seconds kTryAgain{2};

// Of this process alone.
std::string own_name() {
  std::random_device chance;
  std::array<unsigned char, 8> bytes;
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(chance());
  return contract::to_hex(bytes);
}

class Distribution final : public controller::Component {
 public:
  Distribution(std::shared_ptr<Hub> hub, std::shared_ptr<keys::Keys> keys,
               std::shared_ptr<keys::Shelf> shared)
      : hub_(std::move(hub)), keys_(std::move(keys)), shared_(std::move(shared)) {}
  ~Distribution() override { stop(); }

  std::string_view name() const override { return "distribution"; }

  Result<void> start() override {
    thread_ = std::thread([this] { look_after(); });
    if (shared_) exchange_.emplace(hub_, shared_, own_name());
    return {};
  }

  // What cannot be handed on (the epoch cannot be taken while the API is away) is tried again.
  void take(const Result<controller::Update>& update, const Diagnostics&) override {
    if (!update) return;
    const std::lock_guard lock(taking_);
    hand_on(*update);
  }

  std::string not_ready() const override {
    return hub_->has_state() ? "" : "proxies are not served yet";
  }

  std::string metrics() const override { return metrics_of(hub_->figures(), hub_->status()); }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    condition_.notify_all();
    exchange_.reset();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void hand_on(const controller::Update& update) {
    const auto taken = hub_->take(update);
    if (!taken) {
      log_error("proxies are not told", {{"reason", taken.error().message}});
      waiting_ = update;
    } else {
      waiting_.reset();
    }
  }

  // Keys become due by the clock, whoever tends them.
  void look_after() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        if (condition_.wait_for(lock, has_waiting_ ? kTryAgain : kKeyLook,
                                [this] { return stopped_; }))
          return;
      }
      hub_->use_key(keys_->signing());
      const std::lock_guard lock(taking_);
      if (waiting_) hand_on(controller::Update(*waiting_));
      has_waiting_ = waiting_.has_value();
    }
  }

  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<keys::Keys> keys_;
  const std::shared_ptr<keys::Shelf> shared_;
  std::optional<Exchange> exchange_;
  std::mutex taking_;
  std::optional<controller::Update> waiting_;
  std::atomic<bool> has_waiting_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<controller::Component> component(std::shared_ptr<Hub> hub,
                                                 std::shared_ptr<keys::Keys> keys,
                                                 std::shared_ptr<keys::Shelf> shared) {
  return std::make_unique<Distribution>(std::move(hub), std::move(keys), std::move(shared));
}

}  // namespace smic::distribution
