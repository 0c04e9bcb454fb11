// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/daemon/dns_events_test.cpp, and on a real API server by
// tests/system/cluster_dns_test.py.
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

// The same again is counted. Who starts anew meets the event that is there, which is no news, and
// goes on counting from where it stands.
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
    const auto known = told_.find(name);
    if (*made || known == told_.end()) {
      const auto count = *made ? kube::ApiResult<std::uint64_t>(1) : count_of(name);
      if (!count) return std::unexpected(count.error());
      told_[name] = *count;
      return {};
    }
    const auto patched = writer_.patch(kEvents.object(object_.ns, name), kube::PatchType::merge,
                                       status::series_body(known->second + 1, now));
    if (!patched) return std::unexpected(patched.error());
    ++known->second;
    return {};
  }

  // By a list of one, for which no right is needed that we do not have.
  kube::ApiResult<std::uint64_t> count_of(const std::string& name) {
    std::uint64_t count = 1;
    const auto listed = api_.list(
        {kEvents.group, kEvents.version, kEvents.plural, object_.ns}, 1,
        {kEvents.api_version(), "Event", {"series.count"}},
        [&](const std::vector<kube::Object>& page) {
          for (const kube::Object& event : page) count = status::series_count(event.text);
        },
        "metadata.name=" + name);
    if (!listed) return std::unexpected(listed.error());
    return count;
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
  std::map<std::string, std::uint64_t> told_;  // how often; on the manager's thread alone
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
