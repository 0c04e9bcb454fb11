// SPDX-License-Identifier: Apache-2.0
// Whether the controller lives, does its work, and how much of it: /healthz (and /livez), /readyz,
// /metrics, at both addresses. What is counted is told by whoever counts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/api/route.h"

namespace smic::api {

struct Health {
  // Reasons why it does not do its work yet, a line each.
  std::function<std::vector<std::string>()> not_ready;
  std::function<std::string()> metrics;  // Prometheus' text format
};

std::vector<Route> health_routes(Health health);

// A sample's head and lines, for Health::metrics: labels are text that is quoted here.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(const Labels& labels, double value);  // of the family begun last
  std::string take() { return std::move(text_); }

 private:
  std::string text_, name_;
};

}  // namespace smic::api
