// SPDX-License-Identifier: Apache-2.0
// Of the nodes whose proxies are connected to this controller, or to another replica that tells of
// them: one that is not has said nothing.
#include "controller/daemon/enforcement.h"

#include <algorithm>
#include <mutex>

namespace smic::controller {
namespace {

// The hub may outlive who listens to it.
struct Listener {
  std::mutex mutex;
  std::function<void()> tell;
};

class ByHub final : public status::Enforcement {
 public:
  explicit ByHub(std::shared_ptr<distribution::Hub> hub) : hub_(std::move(hub)) {
    hub_->on_change([listener = listener_] {
      const std::lock_guard lock(listener->mutex);
      if (listener->tell) listener->tell();
    });
  }
  ~ByHub() override { on_change(nullptr); }

  std::uint64_t current() const override { return hub_->status().version; }

  State state() const override {
    const distribution::Status status = hub_->status();
    State state;
    for (const distribution::NodeStatus& node : status.nodes) {
      if (!node.followed()) continue;
      const std::uint64_t version = node.epoch == status.epoch ? node.version : 0;
      state.version = state.nodes++ == 0 ? version : std::min(state.version, version);
    }
    return state;
  }

  void on_change(std::function<void()> tell) override {
    const std::lock_guard lock(listener_->mutex);
    listener_->tell = std::move(tell);
  }

 private:
  const std::shared_ptr<distribution::Hub> hub_;
  const std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
};

}  // namespace

std::unique_ptr<status::Enforcement> enforcement_by(std::shared_ptr<distribution::Hub> hub) {
  return std::make_unique<ByHub>(std::move(hub));
}

}  // namespace smic::controller
