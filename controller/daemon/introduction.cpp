// SPDX-License-Identifier: Apache-2.0
// Fills in by which authority the API server knows us. Looked at every minute, since a manifest
// that is applied again, or a CRD that comes later, has none.
#include <map>
#include <thread>

#include "base/log.h"
#include "controller/api/ca_bundles.h"
#include "controller/daemon/serving.h"

namespace smic::controller {
namespace {

constexpr std::chrono::seconds kInterval{60};
constexpr std::chrono::seconds kFirstInterval{2};  // until there was something to do, or a minute
constexpr int kFirstTries = 30;

class Introduction final : public Component {
 public:
  Introduction(const Surroundings& surroundings, std::shared_ptr<keys::Keys> keys)
      : stop_(surroundings.stop),
        api_(*surroundings.api),
        writer_(*surroundings.writer),
        leadership_(surroundings.leadership),
        ns_(surroundings.ns),
        keys_(std::move(keys)) {}

  std::string_view name() const override { return "introduction"; }

  Result<void> start() override {
    thread_ = std::thread([this] {
      for (int tries = 0; !stop_.wait(tries < kFirstTries ? kFirstInterval : kInterval); ++tries) {
        if (leadership_.leads()) introduce();
      }
    });
    return {};
  }

  void stop() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void introduce() {
    const std::string authorities = keys_->authorities();
    for (const api::SenderObject& each : api::senders()) {
      const std::string path(each.path);
      const auto object = api_.get(path);
      if (!object) {
        if (object.error().fault != kube::Fault::not_found) tell(path, object.error().told());
        continue;
      }
      const auto patch = api::bundle_patch(each.sender, *object, ns_, authorities);
      if (!patch) continue;
      const auto type = patch->merge ? kube::PatchType::merge : kube::PatchType::json;
      if (const auto done = writer_.patch(path, type, patch->body); !done) {
        tell(path, done.error().told());
      } else {
        log_info("authority made known", {{"object", path.substr(path.rfind('/') + 1)}});
        told_.erase(path);
      }
    }
  }

  // Once, until it is another reason.
  void tell(const std::string& path, std::string reason) {
    std::string& before = told_[path];
    if (before == reason) return;
    log_warning("authority not made known", {{"object", path}, {"reason", reason}});
    before = std::move(reason);
  }

  const kube::Stop& stop_;
  kube::Client& api_;
  kube::Writer& writer_;
  kube::Leadership& leadership_;
  const std::string ns_;
  const std::shared_ptr<keys::Keys> keys_;
  std::map<std::string, std::string> told_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Component> introduction(const Surroundings& surroundings,
                                        std::shared_ptr<keys::Keys> keys) {
  return std::make_unique<Introduction>(surroundings, std::move(keys));
}

}  // namespace smic::controller
