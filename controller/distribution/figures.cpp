// SPDX-License-Identifier: Apache-2.0
// Tested by figures_test.cpp.
#include "controller/distribution/figures.h"

#include <algorithm>

#include "controller/api/health.h"

namespace smic::distribution {

std::string metrics_of(const HubFigures& figures, const Status& status) {
  const auto nodes = [&](auto is) {
    return static_cast<double>(std::ranges::count_if(status.nodes, is));
  };
  api::MetricsText text;
  text.family(
      "smic_controller_proxies", "gauge",
      "Nodes by what their proxy does with the version that is now: enforces it, is behind, "
      "or follows nobody.");
  text.sample({{"state", "current"}},
              nodes([](const NodeStatus& node) { return node.followed() && node.current; }));
  text.sample({{"state", "behind"}},
              nodes([](const NodeStatus& node) { return node.followed() && !node.current; }));
  text.sample({{"state", "gone"}}, nodes([](const NodeStatus& node) { return !node.followed(); }));
  text.family("smic_controller_proxies_refusing", "gauge",
              "Nodes whose proxy refused a version and did not enforce another one since.");
  text.sample({}, nodes([](const NodeStatus& node) { return !node.refused.empty(); }));
  const auto one = [&](const char* name, const char* type, const char* help, auto value) {
    text.family(name, type, help);
    text.sample({}, static_cast<double>(value));
  };
  one("smic_controller_proxy_streams_open", "gauge", "Proxies that follow this replica.",
      figures.streams);
  one("smic_controller_states_sent_total", "counter", "States sent to proxies.", figures.messages);
  one("smic_controller_states_sent_whole_total", "counter",
      "Those that were no difference from one before.", figures.whole);
  one("smic_controller_state_bytes_sent_total", "counter", "What they measured.", figures.bytes);
  text.family("smic_controller_acknowledgements_total", "counter", "What proxies said of them.");
  text.sample({{"result", "enforced"}}, static_cast<double>(figures.acknowledged));
  text.sample({{"result", "refused"}}, static_cast<double>(figures.refused));
  return text.take();
}

}  // namespace smic::distribution
