// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/status_test.py.
#include "controller/status/status.h"

#include "controller/kube/watched_kinds.h"
#include "controller/status/condition_writer.h"

namespace smic::status {
namespace {

bool has_conditions(const std::string& kind) {
  for (const kube::WatchedKind& each : kube::watched_kinds()) {
    if (each.kind == kind) return each.has_crd;
  }
  return false;
}

class Status final : public controller::Component {
 public:
  explicit Status(const Parts& parts) : enforcement_(parts.enforcement), conditions_(parts, {}) {}

  std::string_view name() const override { return "status"; }

  Result<void> start() override {
    conditions_.start();
    return {};
  }

  void take(const Result<controller::Update>& update, const Diagnostics& diagnostics) override {
    if (!update) return;  // nothing came of it, so nothing is known of it
    std::map<ObjectName, std::optional<Verdict>> changed;
    const std::uint64_t version = enforcement_ ? enforcement_->current() : 0;
    for (const ObjectName& name : verdicts_.update(diagnostics, version)) {
      if (!has_conditions(name.kind)) continue;
      const Verdict* verdict = verdicts_.find(name);
      changed.emplace(name, verdict == nullptr ? std::nullopt : std::optional(*verdict));
    }
    if (!changed.empty()) conditions_.take(changed);
  }

  void stop() override { conditions_.stop(); }

 private:
  const std::shared_ptr<Enforcement> enforcement_;
  Verdicts verdicts_;
  ConditionWriter conditions_;
};

}  // namespace

std::unique_ptr<controller::Component> report_status(const Parts& parts) {
  return std::make_unique<Status>(parts);
}

}  // namespace smic::status
