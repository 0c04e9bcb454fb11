// SPDX-License-Identifier: Apache-2.0
// The HTTPS server as a component: its certificate comes from the keys that replicas share, and is
// replaced when they are.
#include "controller/daemon/serving.h"

#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "controller/api/health.h"
#include "controller/daemon/counts.h"

namespace smic::controller {
namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr std::chrono::seconds kTending{60};

class Serving final : public Component {
 public:
  Serving(const Surroundings& surroundings, std::shared_ptr<keys::Keys> keys,
          std::vector<api::Route> routes, std::function<void(api::Server&)> started)
      : given_(surroundings.configuration),
        stop_(surroundings.stop),
        keys_(std::move(keys)),
        routes_(std::move(routes)),
        started_(std::move(started)) {
    for (api::Route& route : api::health_routes(
             {surroundings.not_ready, [counts = counts_, of_components = surroundings.metrics] {
                return counts->render() + of_components();
              }})) {
      routes_.push_back(std::move(route));
    }
  }

  std::string_view name() const override { return "server"; }

  Result<void> start() override {
    api::ServerOptions options;
    options.secure = given_.listen;
    options.plain = given_.health;
    auto server = api::Server::start(options, std::move(routes_));
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    counts_->follow(server_.get());
    if (keys_) {
      if (auto shown = show(); !shown) return shown;
      tending_ = std::thread([this] { tend(); });
    }
    if (started_) started_(*server_);
    log_info("serving",
             {{"https", server_->secure_address()}, {"health", server_->plain_address()}});
    return {};
  }

  void take(const Result<Update>& update, const Diagnostics& diagnostics) override {
    counts_->take(update, diagnostics);
  }

  void stop() override {
    if (server_) server_->stop(kGrace);
    counts_->follow(nullptr);
    if (tending_.joinable()) tending_.join();
  }

 private:
  Result<void> show() {
    const keys::CertifiedKey serving = keys_->serving();
    return server_->use_certificate(serving.certificate, serving.key);
  }

  void tend() {
    while (!stop_.wait(kTending)) {
      auto changed = keys_->tend();
      if (!changed) {
        log_warning("keys not tended", {{"reason", changed.error().message}});
      } else if (*changed) {
        if (auto shown = show(); !shown) {
          log_error("certificate not replaced", {{"reason", shown.error().message}});
        }
      }
    }
  }

  const Configuration& given_;
  const kube::Stop& stop_;
  const std::shared_ptr<keys::Keys> keys_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  std::vector<api::Route> routes_;
  const std::function<void(api::Server&)> started_;
  std::unique_ptr<api::Server> server_;
  std::thread tending_;
};

}  // namespace

// The names that clients in the cluster, and beside us, know us by.
Result<OpenedKeys> open_keys(const Surroundings& surroundings) {
  const Configuration& given = surroundings.configuration;
  const std::string service = "smic-controller." + surroundings.ns;
  keys::Options options;
  options.names = {service + ".svc", service, service + ".svc.cluster.local", "localhost",
                   "127.0.0.1"};
  std::shared_ptr<keys::Shelf> shelf;
  if (given.keys.empty()) {
    SMIC_CHECK(surroundings.api != nullptr, "keys are asked for and there is no place for them");
    shelf = keys::cluster_shelf(*surroundings.api, surroundings.ns);
  } else {
    auto opened = keys::directory_shelf(given.keys);
    if (!opened) return fail(opened, "keys");
    shelf = std::move(*opened);
  }
  auto opened = keys::Keys::open(shelf, std::move(options));
  if (!opened) return fail(opened, "keys");
  return OpenedKeys{std::move(shelf), std::move(*opened)};
}

std::unique_ptr<Component> serving(const Surroundings& surroundings,
                                   std::shared_ptr<keys::Keys> keys, std::vector<api::Route> routes,
                                   std::function<void(api::Server&)> started) {
  return std::make_unique<Serving>(surroundings, std::move(keys), std::move(routes),
                                   std::move(started));
}

}  // namespace smic::controller
