// SPDX-License-Identifier: Apache-2.0
// The aggregated API `metrics.smi-spec.io` (SMI reference §3): discovery, metrics of eleven kinds
// of objects, and of the edges between them. The API server asks on behalf of a user whose rights
// it has checked; that it is the API server is proved by its request-header certificate.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/api/route.h"
#include "controller/kube/client.h"
#include "controller/traffic/measure.h"

namespace smic::traffic {

struct MeasuredResource {
  std::string_view plural;    // "deployments"
  std::string_view singular;  // "deployment"
  std::string_view kind;      // "Deployment"
  bool namespaced = true;
  std::string_view group;  // where the objects themselves live
  std::string_view version;
};
std::span<const MeasuredResource> measured_resources();

// Which objects there are: asked anew for every question, so that label selectors mean what they
// mean everywhere, and an object without traffic is not mistaken for one that does not exist.
class Objects {
 public:
  virtual ~Objects() = default;
  // `ns` empty = of all namespaces.
  virtual Result<std::vector<ObjectName>> list(const MeasuredResource& resource,
                                               const std::string& ns,
                                               const std::string& selector) = 0;
  virtual Result<bool> exists(const MeasuredResource& resource, const ObjectName& name) = 0;
};
std::unique_ptr<Objects> objects_of_cluster(kube::Client& client);

enum class LatencyUnit { seconds, milliseconds };

struct Measuring {
  using Look = std::function<void(const Window&)>;

  const Pods& pods;
  Objects& objects;
  std::function<void(const Look&)> window;  // calls look() with the window, which stays as it is
  std::function<std::string()> not_ready;   // why there is nothing to tell; empty = there is
  std::function<LatencyUnit()> unit = [] { return LatencyUnit::seconds; };
  // Common names that the API server's certificate may have; empty = any.
  std::function<std::vector<std::string>()> allowed_names = [] {
    return std::vector<std::string>();
  };
  std::function<Time()> now = [] { return Clock::now(); };
  std::function<std::chrono::system_clock::time_point()> date = [] {
    return std::chrono::system_clock::now();
  };
};

// The authority's name in ClientCertificate.
inline constexpr std::string_view kRequestHeader = "request-header";

// Whatever is to be answered to the API server alone, which has checked the user's rights.
api::Handler for_api_server(const Measuring& measuring, api::Handler handler);

// All routes; `measuring` must outlive the server.
std::vector<api::Route> metrics_routes(const Measuring& measuring);

// The answer itself, without asking who wants to know.
api::Response answer_metrics(const Measuring& measuring, const api::Request& request);

// "1m30s" as Go writes durations; nothing if it is none, or not above zero.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string print_duration(std::chrono::milliseconds duration);

// A Quantity with milli precision, in canonical form: 0.2961 → "296m", 2.0 → "2".
std::string milli_quantity(double value);

}  // namespace smic::traffic
