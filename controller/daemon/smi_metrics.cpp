// SPDX-License-Identifier: Apache-2.0
// `metrics.smi-spec.io` as a component: watches pods, reads proxies, and keeps track of which
// certificates are the API server's.
#include <list>
#include <random>
#include <thread>

#include "base/log.h"
#include "controller/daemon/serving.h"
#include "controller/traffic/traffic.h"

namespace smic::controller {
namespace {

constexpr std::chrono::seconds kInterval{60};
constexpr std::chrono::seconds kRetry{3};

class SmiMetrics final : public MetricsComponent {
 public:
  explicit SmiMetrics(const Surroundings& surroundings)
      : now_(surroundings.now),
        stop_(surroundings.stop),
        api_(*surroundings.api),
        ns_(surroundings.ns),
        objects_(traffic::objects_of_cluster(api_)) {}

  ~SmiMetrics() override { stop(); }

  std::string_view name() const override { return "smi metrics"; }

  std::vector<api::Route> routes() override {
    std::vector<api::Route> routes = traffic::metrics_routes(measuring_);
    api::Route topology;
    topology.path = "/topology";
    topology.offered = api::Offered::plain;
    topology.handle = [this](const api::Request&) {
      return api::Response{200, "application/json", this->topology(), {}};
    };
    routes.push_back(std::move(topology));
    return routes;
  }

  api::Handler for_api_server(api::Handler handler) override {
    return traffic::for_api_server(measuring_, std::move(handler));
  }

  void take(const Result<Update>& update, const Diagnostics&) override {
    if (!update) return;
    const std::lock_guard lock(mutex_);
    mesh_.version = update->manifest.version;
    mesh_.units = update->manifest.units;
    mesh_.nodes.clear();
    for (const auto& [node, pods] : update->nodes) mesh_.nodes.push_back(node);
  }

  void serve_with(api::Server& server) override {
    trusting_ = std::thread([this, &server] {
      while (!stop_.wait(trust(server) ? kInterval : kRetry)) continue;
    });
  }

  Result<void> start() override {
    std::random_device chance;
    for (const kube::WatchedKind& kind : kinds_) {
      informers_.emplace_back(kind, api_, stop_, pods_, kube::Patience{}, chance());
    }
    collector_.emplace([this] { return proxies(); }, stop_);
    return {};
  }

  void stop() override {
    if (trusting_.joinable()) trusting_.join();
    informers_.clear();
  }

 private:
  std::vector<std::string> proxies() const {
    std::vector<std::string> addresses = pods_.proxies(ns_);
    const auto now = now_();
    for (const std::string& each : now->proxies) addresses.push_back(each);
    return addresses;
  }

  // True: known for now.
  bool trust(api::Server& server) {
    const auto text = api_.get(traffic::kRequestHeaderConfigMap);
    if (!text) return told(text.error().told());
    auto header = traffic::read_request_header(*text);
    if (!header) return told(header.error().message);
    const auto done =
        server.trust_clients(std::string(traffic::kRequestHeader), header->authorities);
    if (!done) return told(done.error().message);
    const std::lock_guard lock(mutex_);
    allowed_ = std::move(header->allowed);
    told_.clear();
    return true;
  }

  bool told(const std::string& reason) {
    if (reason != told_)
      log_warning("the API server's certificate is not known", {{"reason", reason}});
    told_ = reason;
    return false;
  }

  std::string topology() const {
    traffic::MeshInForce mesh;
    {
      const std::lock_guard lock(mutex_);
      mesh = mesh_;
    }
    std::string document;
    collector_->look([&](const traffic::Window& window) {
      document = traffic::topology(mesh, window, pods_, traffic::Clock::now());
    });
    return document;
  }

  std::vector<std::string> allowed() const {
    const std::lock_guard lock(mutex_);
    return allowed_;
  }

  std::string why_not() const { return collector_ ? collector_->not_ready() : "starting"; }

  const std::function<std::shared_ptr<const Configuration>()> now_;
  const kube::Stop& stop_;
  kube::Client& api_;
  const std::string ns_;
  const std::vector<kube::WatchedKind> kinds_ = traffic::kinds_of_pods();
  traffic::Pods pods_;
  const std::unique_ptr<traffic::Objects> objects_;
  std::optional<traffic::Collector> collector_;
  mutable std::mutex mutex_;  // of allowed_ and mesh_
  traffic::MeshInForce mesh_;
  std::vector<std::string> allowed_;
  std::string told_;
  std::list<kube::Informer> informers_;
  std::thread trusting_;
  traffic::Measuring measuring_{
      pods_,
      *objects_,
      [this](const traffic::Measuring::Look& look) { collector_->look(look); },
      [this] { return why_not(); },
      [this] { return now_()->metrics_unit; },
      [this] { return allowed(); }};
};

}  // namespace

std::unique_ptr<MetricsComponent> smi_metrics(const Surroundings& surroundings) {
  return std::make_unique<SmiMetrics>(surroundings);
}

}  // namespace smic::controller
