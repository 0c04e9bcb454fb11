// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "controller/cluster_dns/component.h"

#include "controller/api/health.h"

namespace smic::cluster_dns {
namespace {

class DnsComponent final : public controller::Component {
 public:
  DnsComponent(kube::Client& client, const kube::Stop& stop, ManagerOptions options,
               Manager::Leads leads, Manager::Tell tell)
      : client_(client),
        stop_(stop),
        options_(std::move(options)),
        leads_(std::move(leads)),
        tell_(std::move(tell)) {}

  std::string_view name() const override { return "cluster DNS"; }

  Result<void> start() override {
    manager_ = Manager::start(client_, stop_, options_, leads_, tell_);
    return {};
  }

  void take(const Result<controller::Update>& update, const Diagnostics&) override {
    if (update) manager_->want(wish_of(update->manifest.names));
  }

  std::string metrics() const override { return metrics_of(manager_->state()); }

  void stop() override { manager_.reset(); }

 private:
  kube::Client& client_;
  const kube::Stop& stop_;
  const ManagerOptions options_;
  const Manager::Leads leads_;
  const Manager::Tell tell_;
  std::unique_ptr<Manager> manager_;
};

}  // namespace

Wish wish_of(const contract::Names& names) {
  Wish wish{.mesh_zones = names.mesh_zones};
  for (const std::string& zone : names.reverse_zones) wish.mesh_zones.push_back(zone);
  for (const std::string& ns : names.plain_namespaces) {
    wish.plain_zones.push_back(ns + ".svc." + names.cluster_domain);
  }
  return wish;
}

std::unique_ptr<controller::Component> component(kube::Client& client, const kube::Stop& stop,
                                                 ManagerOptions options, Manager::Leads leads,
                                                 Manager::Tell tell) {
  return std::make_unique<DnsComponent>(client, stop, std::move(options), std::move(leads),
                                        std::move(tell));
}

std::string metrics_of(const State& state) {
  using Phase = State::Phase;
  api::MetricsText text;
  text.family("smic_controller_dns_state", "gauge",
              "How the cluster's DNS leads names to the mesh: 1 for the state it is in. Of the "
              "replica that leads; the others stand by.");
  for (const Phase phase : {Phase::standby, Phase::waiting, Phase::live, Phase::refused,
                            Phase::not_live, Phase::failed}) {
    text.sample({{"state", std::string(name_of(phase))}}, state.phase == phase ? 1 : 0);
  }
  text.family("smic_controller_dns_zones", "gauge", "Zones that it leads to the mesh.");
  text.sample({}, static_cast<double>(state.zones.size()));
  return text.take();
}

}  // namespace smic::cluster_dns
