// SPDX-License-Identifier: Apache-2.0
// What shadow Services that stand in the cluster mean for the manifest. Read from the same stream
// of objects as all the rest, so a version of the manifest is of one state of the cluster, and the
// same on every replica.
//
// Tested by tests/unit/shadow/address_plan_test.cpp.
#include <algorithm>
#include <map>

#include "base/ip.h"
#include "controller/shadow/shadow.h"

namespace smic::shadow {
namespace {

using controller::AddressPlan;
using controller::MeshedService;

// A shadow Service as the mesh's own input has it.
struct Stands {
  std::vector<std::string> cluster_ips;
  Claim claim;
  bool operator==(const Stands&) const = default;
};

Stands stands(const std::string& name, const resources::Service& object) {
  Stands stands{object.cluster_ips, {name, object.meta.created, {}}};
  for (const resources::ServicePort& each : object.ports) {
    const Port port{each.port.value, each.protocol == "UDP" ? Transport::udp : Transport::tcp};
    if (const auto* target = std::get_if<std::uint16_t>(&each.target)) {
      stands.claim.targets.try_emplace(port, *target);
    }
  }
  return stands;
}

std::vector<IpFamily> families_of(const std::vector<std::string>& addresses) {
  std::vector<IpFamily> families;
  for (const std::string& text : addresses) {
    if (const auto address = IpAddress::parse(text)) families.push_back(address->family);
  }
  return families;
}

class Plan final : public AddressPlan {
 public:
  Plan(Options options, std::shared_ptr<Wishes> wishes)
      : options_(std::move(options)), wishes_(std::move(wishes)) {}

  bool learn(const ir::ServiceRef& service, const resources::Service* object) override {
    if (service.ns != options_.ns || !service.name.starts_with(kNamePrefix)) return false;
    const auto known = standing_.find(service.name);
    const bool ours = object != nullptr && object->meta.labels.contains(kShadowLabel);
    if (!ours) {
      if (known == standing_.end()) return false;
      standing_.erase(known);
      return true;
    }
    Stands now = stands(service.name, *object);
    if (known != standing_.end() && known->second == now) return false;
    standing_.insert_or_assign(service.name, std::move(now));
    return true;
  }

  Result<Assignment> assign(const std::vector<MeshedService>& services, const Taken&) override {
    wish(services);
    std::vector<Claim> claims;
    for (const auto& [name, stands] : standing_) claims.push_back(stands.claim);
    const PortTable table(options_.ports, std::move(claims));
    Assignment assignment;
    for (const MeshedService& service : services) place(service, table, assignment);
    return assignment;
  }

 private:
  void wish(const std::vector<MeshedService>& services) {
    std::vector<Wish> wishes;
    for (const MeshedService& service : services) {
      if (service.ports.empty()) continue;
      wishes.push_back({service.service, service.ports, families_of(service.cluster_ips)});
    }
    wishes_->set(std::move(wishes));
  }

  void place(const MeshedService& service, const PortTable& table, Assignment& assignment) const {
    const std::string name = shadow_name(service.service);
    Listening listening;
    std::string full;  // its ports for which there is none
    for (const Port& port : service.ports) {
      const auto target = table.of(name).find(port);
      if (target != table.of(name).end()) {
        listening.ports.insert(*target);
      } else if (table.full(port.transport)) {
        full += (full.empty() ? "" : ", ") + to_string(port);
      }
    }
    const std::string reason = "every port of " + options_.ports.to_string() + " is in use";
    const auto found = standing_.find(name);
    if (found == standing_.end() || listening.ports.empty() ||
        families_of(found->second.cluster_ips).empty()) {
      const bool passing = full.empty();
      assignment.unplaced.push_back(
          {service.service, passing ? "its shadow Service does not stand yet" : reason, passing});
      return;
    }
    if (!full.empty()) {
      assignment.remarks.push_back({service.service, "not served on " + full + ": " + reason});
    }
    for (const IpFamily family : families_of(found->second.cluster_ips)) {
      listening.addresses.push_back(family == IpFamily::v4 ? "0.0.0.0" : "::");
    }
    assignment.addresses[service.service] = found->second.cluster_ips;
    assignment.listening[service.service] = std::move(listening);
  }

  const Options options_;
  const std::shared_ptr<Wishes> wishes_;
  std::map<std::string, Stands> standing_;  // by name
};

}  // namespace

void Wishes::set(std::vector<Wish> wishes) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    if (wishes_ == wishes) return;
    wishes_ = std::move(wishes);
    tell = tell_;
  }
  if (tell) tell();  // who is told may ask
}

std::optional<std::vector<Wish>> Wishes::get() const {
  const std::lock_guard lock(mutex_);
  return wishes_;
}

void Wishes::on_change(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

std::unique_ptr<AddressPlan> address_plan(Options options, std::shared_ptr<Wishes> wishes) {
  return std::make_unique<Plan>(std::move(options), std::move(wishes));
}

}  // namespace smic::shadow
