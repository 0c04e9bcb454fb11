// SPDX-License-Identifier: Apache-2.0
#include "controller/daemon/counts.h"

#include "controller/api/health.h"

namespace smic::controller {

void Counts::follow(const api::Server* server) {
  const std::lock_guard lock(mutex_);
  server_ = server;
}

void Counts::take(const Result<Update>& update, const Diagnostics& diagnostics) {
  const std::lock_guard lock(mutex_);
  if (!update || update->said_changed) {
    diagnostics_.clear();
    for (const Diagnostic& each : diagnostics.sorted()) ++diagnostics_[each.code];
  }
  if (!update) {
    ++refused_;
    return;
  }
  ++updates_;
  compiled_ += update->compiled;
  seconds_ += update->seconds;
  version_ = update->manifest.version;
  units_ = update->manifest.units.size();
  nodes_ = update->nodes.size();
  without_address_ = update->unplaced.size();
  elsewhere_ = update->remarks.size();
}

std::string Counts::render() const {
  const std::lock_guard lock(mutex_);
  api::MetricsText text;
  const auto one = [&](const char* name, const char* type, const char* help, auto value) {
    text.family(name, type, help);
    text.sample({}, static_cast<double>(value));
  };
  one("smic_controller_updates_total", "counter", "Changes compiled.", updates_);
  one("smic_controller_updates_refused_total", "counter",
      "Changes that left the version before in force.", refused_);
  one("smic_controller_update_seconds_total", "counter", "From resources to manifests.", seconds_);
  one("smic_controller_units_compiled_total", "counter", "Units that were not reused.", compiled_);
  one("smic_controller_version", "gauge", "The version in force.", version_);
  one("smic_controller_units", "gauge", "Units in force.", units_);
  one("smic_controller_nodes", "gauge", "Nodes with pods.", nodes_);
  one("smic_controller_services_without_address", "gauge",
      "Meshed Services that have no mesh address.", without_address_);
  one("smic_controller_services_remarked", "gauge",
      "Meshed Services whose mesh address is not the one to be expected, or not on every port.",
      elsewhere_);
  text.family("smic_controller_diagnostics", "gauge", "Mistakes and warnings that stand, by code.");
  for (const auto& [code, count] : diagnostics_) {
    text.sample({{"code", code}}, static_cast<double>(count));
  }
  if (server_ == nullptr) return text.take();
  const api::ServerFigures figures = server_->figures();
  one("smic_controller_connections_open", "gauge", "Clients connected.", figures.connections);
  one("smic_controller_streams_open", "gauge", "Long answers being written.", figures.streams);
  one("smic_controller_connections_refused_total", "counter", "Clients over the limit.",
      figures.refused_connections);
  one("smic_controller_handshakes_failed_total", "counter", "TLS that came to nothing.",
      figures.failed_handshakes);
  text.family("smic_controller_requests_total", "counter", "Requests answered.");
  for (const auto& [key, of] : figures.answered) {
    text.sample({{"path", key.first}, {"code", std::to_string(key.second)}},
                static_cast<double>(of.requests));
  }
  text.family("smic_controller_request_seconds_total", "counter", "From head to answer.");
  for (const auto& [key, of] : figures.answered) {
    text.sample({{"path", key.first}, {"code", std::to_string(key.second)}}, of.seconds);
  }
  return text.take();
}

}  // namespace smic::controller
