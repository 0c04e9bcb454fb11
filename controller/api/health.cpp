// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/api/health_test.cpp.
#include "controller/api/health.h"

#include <array>
#include <charconv>

namespace smic::api {
namespace {

Response plain(int status, std::string body) { return {status, "text/plain", std::move(body), {}}; }

Response readiness(const std::vector<std::string>& reasons) {
  if (reasons.empty()) return plain(200, "ok\n");
  std::string lines;
  for (const std::string& reason : reasons) lines += reason + "\n";
  return plain(503, lines);
}

Route at_both(std::string path, Handler handle) {
  Route route;
  route.path = std::move(path);
  route.offered = Offered::both;
  route.handle = std::move(handle);
  return route;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

}  // namespace

std::vector<Route> health_routes(Health health) {
  const auto alive = [](const Request&) { return plain(200, "ok\n"); };
  return {at_both("/healthz", alive), at_both("/livez", alive),
          at_both("/readyz", [tell = std::move(health.not_ready)](
                                 const Request&) { return readiness(tell()); }),
          at_both("/metrics", [tell = std::move(health.metrics)](const Request&) {
            return Response{200, "text/plain; version=0.0.4", tell(), {}};
          })};
}

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text_.append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(const Labels& labels, double value) {
  text_ += name_;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text_ += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + escaped(labels[i].second) + '"';
  }
  if (!labels.empty()) text_ += '}';
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text_.append(" ").append(digits.data(), end).append("\n");
}

}  // namespace smic::api
