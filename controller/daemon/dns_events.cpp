// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "controller/daemon/dns_events.h"

#include <map>

#include "base/log.h"
#include "compiler/resources/value.h"

namespace smic::controller {
namespace {

using cluster_dns::State;
using Phase = State::Phase;

const kube::Resource kEvents{"events.k8s.io", "v1", "events"};
const kube::Resource kServices{"", "v1", "services"};

// The same again is counted, as long as the process lives; another one meets the event that is
// there.
class DnsEvents {
 public:
  explicit DnsEvents(const Surroundings& surroundings)
      : api_(*surroundings.api),
        writer_(*surroundings.writer),
        leadership_(surroundings.leadership),
        object_{"Service", surroundings.ns, "smic-dns"} {}

  void tell(const State& state) {
    const auto text = dns_event(state);
    if (!text) return;
    if (const auto done = write(*text); !done && done.error().fault != kube::Fault::stopped) {
      log_warning("event not written", {{"reason", done.error().told()}});
    }
  }

 private:
  kube::ApiResult<void> write(const status::EventText& text) {
    const auto service = api_.get(kServices.object(object_.ns, object_.name));
    if (!service) return std::unexpected(service.error());
    status::Verdict verdict;
    verdict.api_version = "v1";
    verdict.uid = uid_of(*service);
    const std::string name = status::event_name(object_, verdict.uid, text);
    const auto now = std::chrono::system_clock::now();
    const auto made = writer_.create_if_absent(
        kEvents.collection(object_.ns),
        status::event_body(object_, verdict, text, leadership_.leader(), now));
    if (!made) return std::unexpected(made.error());
    const std::uint64_t count = ++told_[name];
    if (*made || count == 1) return {};
    const auto patched = writer_.patch(kEvents.object(object_.ns, name), kube::PatchType::merge,
                                       status::series_body(count, now));
    if (!patched) return std::unexpected(patched.error());
    return {};
  }

  static std::string uid_of(const std::string& object) {
    const auto value = resources::value_of_json(object);
    const resources::Value* metadata = value ? value->find("metadata") : nullptr;
    return metadata == nullptr ? "" : std::string(metadata->text("uid"));
  }

  kube::Client& api_;
  kube::Writer& writer_;
  kube::Leadership& leadership_;
  const status::ObjectName object_;
  std::map<std::string, std::uint64_t> told_;  // on the manager's thread alone
};

}  // namespace

std::optional<status::EventText> dns_event(const State& state) {
  const auto text = [&](const char* type, const char* reason, const std::string& note) {
    const std::string where = state.dns.empty() ? "" : state.dns + ": ";
    return status::EventText{type, reason, (where + note).substr(0, 1000), "LeadNames"};
  };
  switch (state.phase) {
    case Phase::standby:
      return std::nullopt;
    case Phase::live:
      return text("Normal", "DnsLive", join_words(state.zones, ", ") + " lead to the mesh");
    case Phase::waiting:
      return text("Normal", "DnsWaiting", state.reason);
    case Phase::refused:
      return text("Warning", "DnsRefused", state.reason);
    case Phase::not_live:
      return text("Warning", "DnsNotLive", state.reason);
    case Phase::failed:
      return text("Warning", "DnsFailed", state.reason);
  }
  return std::nullopt;
}

cluster_dns::Manager::Tell tell_dns_by_events(const Surroundings& surroundings) {
  return [events = std::make_shared<DnsEvents>(surroundings)](const State& state) {
    events->tell(state);
  };
}

}  // namespace smic::controller
