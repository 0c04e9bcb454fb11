// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/status_test.py.
#include "controller/status/status.h"

#include "controller/status/address_news.h"
#include "controller/status/condition_writer.h"
#include "controller/status/event_writer.h"

namespace smic::status {
namespace {

class Status final : public controller::Component {
 public:
  explicit Status(const Parts& parts)
      : enforcement_(parts.enforcement), conditions_(parts, {}), events_(parts, {}) {}

  std::string_view name() const override { return "status"; }

  Result<void> start() override {
    conditions_.start();
    events_.start();
    return {};
  }

  void take(const Result<controller::Update>& update, const Diagnostics& diagnostics) override {
    if (!update) return;  // nothing came of it, so nothing is known of it
    std::map<ObjectName, std::optional<Verdict>> changed, with_conditions;
    const std::uint64_t version = enforcement_ ? enforcement_->current() : 0;
    std::set<ObjectName> names = changes_of(*update, diagnostics, version);
    names.merge(addresses_.update(*update, diagnostics.sources()));
    for (const ObjectName& name : names) {
      const auto told = addresses_.beside(name, verdicts_.find(name));
      changed.emplace(name, told);
      if (has_conditions(name.kind)) with_conditions.emplace(name, told);
    }
    if (!with_conditions.empty()) conditions_.take(with_conditions);
    if (!changed.empty()) events_.take(changed);
  }

  void stop() override {
    events_.stop();
    conditions_.stop();
  }

 private:
  std::set<ObjectName> changes_of(const controller::Update& update, const Diagnostics& diagnostics,
                                  std::uint64_t version) {
    if (update.all_touched) return verdicts_.update(diagnostics, version);
    return verdicts_.update(diagnostics, update.touched, version);
  }

  const std::shared_ptr<Enforcement> enforcement_;
  Verdicts verdicts_;
  AddressNews addresses_;
  ConditionWriter conditions_;
  EventWriter events_;
};

}  // namespace

std::unique_ptr<controller::Component> report_status(const Parts& parts) {
  return std::make_unique<Status>(parts);
}

}  // namespace smic::status
