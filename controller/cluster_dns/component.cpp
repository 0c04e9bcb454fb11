// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "controller/cluster_dns/component.h"

namespace smic::cluster_dns {
namespace {

class DnsComponent final : public controller::Component {
 public:
  DnsComponent(kube::Client& client, const kube::Stop& stop, ManagerOptions options,
               Manager::Leads leads)
      : client_(client), stop_(stop), options_(std::move(options)), leads_(std::move(leads)) {}

  std::string_view name() const override { return "cluster DNS"; }

  Result<void> start() override {
    manager_ = Manager::start(client_, stop_, options_, leads_);
    return {};
  }

  void take(const Result<controller::Update>& update, const Diagnostics&) override {
    if (update) manager_->want(wish_of(update->manifest.names));
  }

  void stop() override { manager_.reset(); }

 private:
  kube::Client& client_;
  const kube::Stop& stop_;
  const ManagerOptions options_;
  const Manager::Leads leads_;
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
                                                 ManagerOptions options, Manager::Leads leads) {
  return std::make_unique<DnsComponent>(client, stop, std::move(options), std::move(leads));
}

}  // namespace smic::cluster_dns
