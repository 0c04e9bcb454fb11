// SPDX-License-Identifier: Apache-2.0
// Paths and documents. `namespaces/x/edges` means the edges of namespace x, although Kubernetes
// itself reads it as a list of a resource called `edges` (which is what RBAC rules must say).
//
// Tested by tests/unit/traffic/metrics_api_test.cpp and tests/system/metrics_test.py.
#include "controller/traffic/metrics_api.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/log.h"

namespace smic::traffic {
namespace {

using api::Request;
using api::Response;
using std::chrono::milliseconds;

constexpr std::string_view kGroup = "metrics.smi-spec.io";
constexpr std::string_view kRoot = "/apis/metrics.smi-spec.io";
constexpr std::array<std::string_view, 2> kVersions = {"v1alpha1", "v1alpha2"};
constexpr milliseconds kDefaultWindow{30'000};

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

std::string member(std::string_view name, std::string_view text) {
  return quoted(name) + ':' + quoted(text);
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

Response document(std::string body) {
  Response response;
  response.body = std::move(body) + "\n";
  return response;
}

Response not_found() {
  return api::status_response(404, "NotFound", "the server could not find the requested resource");
}

Response not_found(const MeasuredResource& resource, const std::string& name) {
  return api::status_response(404, "NotFound",
                              std::string(resource.plural) + " " + quoted(name) + " not found");
}

Response unavailable(const std::string& why) {
  return api::status_response(503, "ServiceUnavailable", why);
}

// ---- discovery ----------------------------------------------------------------------------------

std::string group_version(std::string_view version) {
  return "{" + member("groupVersion", std::string(kGroup) + '/' + std::string(version)) + ',' +
         member("version", version) + "}";
}

std::string group_document(bool with_head) {
  std::string versions;
  for (const std::string_view version : kVersions) {
    versions += (versions.empty() ? "" : ",") + group_version(version);
  }
  return "{" + std::string(with_head ? R"("kind":"APIGroup","apiVersion":"v1",)" : "") +
         member("name", kGroup) + R"(,"versions":[)" + versions + R"(],"preferredVersion":)" +
         group_version(kVersions.front()) + "}";
}

std::string resources_document(std::string_view version) {
  std::string list;
  for (const MeasuredResource& each : measured_resources()) {
    list += (list.empty() ? "{" : ",{") + member("name", each.plural) + ',' +
            member("singularName", each.singular) + R"(,"namespaced":)" +
            (each.namespaced ? "true" : "false") +
            R"(,"kind":"TrafficMetrics","verbs":["get","list"]})";
  }
  return R"({"kind":"APIResourceList","apiVersion":"v1",)" +
         member("groupVersion", std::string(kGroup) + '/' + std::string(version)) +
         R"(,"resources":[)" + list + "]}";
}

// ---- metrics ------------------------------------------------------------------------------------

struct Question {
  std::string_view version;
  const MeasuredResource* resource = nullptr;
  ObjectName object;  // name empty = all of them; ns empty = of all namespaces
  bool edges = false;
  std::string selector;
  milliseconds window = kDefaultWindow;
};

class Answer {
 public:
  Answer(const Measuring& measuring, const Question& question)
      : measuring_(measuring),
        question_(question),
        resource_(*question.resource),
        since_(measuring.now() - question.window),
        date_(rfc3339(measuring.date())) {}

  Response give() {
    if (const std::string why = measuring_.not_ready(); !why.empty()) return unavailable(why);
    if (question_.object.name.empty()) return list();
    const auto exists = measuring_.objects.exists(resource_, question_.object);
    if (!exists) return unavailable(exists.error().message);
    if (!*exists) return not_found(resource_, question_.object.name);
    if (resource_.kind == "TrafficSplit") return listing(backends(question_.object));
    if (question_.edges) return edges();
    const auto sums = all_received();
    const auto found = sums.find(question_.object);
    return document(
        item(question_.object, inbound(), found == sums.end() ? Counts{} : found->second));
  }

 private:
  std::string kind() const { return std::string(resource_.kind); }

  std::map<ObjectName, Counts> all_received() const {
    std::map<ObjectName, Counts> sums;
    measuring_.window(
        [&](const Window& window) { sums = received(window, measuring_.pods, kind(), since_); });
    return sums;
  }

  Response list() {
    auto objects = measuring_.objects.list(resource_, question_.object.ns, question_.selector);
    if (!objects) return unavailable(objects.error().message);
    std::ranges::sort(*objects);
    std::string items;
    if (resource_.kind == "TrafficSplit") {
      for (const ObjectName& split : *objects) append(items, backends(split));
      return listing(items);
    }
    const auto sums = all_received();
    for (const ObjectName& object : *objects) {
      const auto found = sums.find(object);
      append(items, item(object, inbound(), found == sums.end() ? Counts{} : found->second));
    }
    return listing(items);
  }

  Response edges() {
    std::map<Edge, Counts> sums;
    measuring_.window([&](const Window& window) {
      sums = edges_of(window, measuring_.pods, kind(), question_.object, since_);
    });
    std::string items;
    for (const auto& [edge, counts] : sums) {
      append(items, item(question_.object,
                         edge_document(edge.to ? "to" : "from", reference(edge.peer)), counts));
    }
    return listing(items);
  }

  // An item for every backend that the split lists now.
  std::string backends(const ObjectName& split) {
    const auto weights = measuring_.pods.split(split);
    if (!weights) return "";
    std::map<std::string, Counts> sums;
    measuring_.window([&](const Window& window) { sums = backends_of(window, split, since_); });
    std::string items;
    for (const auto& [service, weight] : weights->backends) {
      const std::string bare = service.substr(0, service.find('.'));
      const auto found = sums.find(bare);
      const std::string backend = R"("backend":{)" + member("apex", weights->apex) + ',' +
                                  member("name", bare) + R"(,"weight":)" + std::to_string(weight) +
                                  "},";
      append(items,
             item(split, inbound() + backend, found == sums.end() ? Counts{} : found->second));
    }
    return items;
  }

  static void append(std::string& items, const std::string& more) {
    if (!items.empty() && !more.empty()) items += ',';
    items += more;
  }

  // Measured by the proxy of the caller's node: retries and the network are in it.
  static std::string edge_document(std::string_view direction, const std::string& peer) {
    return R"("edge":{)" + member("direction", direction) + R"(,"side":"client","resource":)" +
           peer + "},";
  }
  static std::string inbound() { return edge_document("from", "{}"); }

  std::string reference(const ObjectName& object) const {
    std::string text = "{" + member("kind", resource_.kind);
    if (!object.ns.empty()) text += ',' + member("namespace", object.ns);
    if (!object.name.empty()) text += ',' + member("name", object.name);
    return text + "}";
  }

  std::string api_version() const {
    return std::string(kGroup) + '/' + std::string(question_.version);
  }

  std::string link(const ObjectName& object) const {
    std::string path = std::string(kRoot) + '/' + std::string(question_.version);
    if (!object.ns.empty()) path += "/namespaces/" + object.ns;
    path += '/' + std::string(resource_.plural);
    return object.name.empty() ? path : path + '/' + object.name;
  }

  std::string item(const ObjectName& object, const std::string& edge, const Counts& counts) const {
    std::string text = R"({"kind":"TrafficMetrics",)" + member("apiVersion", api_version()) +
                       R"(,"metadata":{)" + member("name", object.name);
    if (!object.ns.empty()) text += ',' + member("namespace", object.ns);
    text += ',' + member("selfLink", link(object)) + ',' + member("creationTimestamp", date_) +
            "}," + member("timestamp", date_) + ',' +
            member("window", print_duration(question_.window)) + R"(,"resource":)" +
            reference(object) + ',' + edge + R"("metrics":[)";
    for (const auto& [name, share] : {std::pair{"p99_response_latency", 0.99},
                                      {"p90_response_latency", 0.9},
                                      {"p50_response_latency", 0.5}}) {
      const bool millis = measuring_.unit() == LatencyUnit::milliseconds;
      const double value = quantile(counts, share) * (millis ? 1000 : 1);
      text += "{" + member("name", name) + ',' + member("unit", millis ? "ms" : "seconds") + ',' +
              member("value", milli_quantity(value)) + "},";
    }
    return text + "{" + member("name", "success_count") + ',' +
           member("value", std::to_string(counts.success)) + "},{" +
           member("name", "failure_count") + ',' + member("value", std::to_string(counts.failure)) +
           "}]}";
  }

  Response listing(const std::string& items) const {
    std::string text =
        R"({"kind":"TrafficMetricsList",)" + member("apiVersion", api_version()) +
        R"(,"metadata":{)" +
        member("selfLink", link(question_.object) + (question_.edges ? "/edges" : "")) +
        R"(},"resource":)" + reference(question_.object) + ',';
    if (!question_.selector.empty()) text += member("selector", question_.selector) + ',';
    return document(text + R"("items":[)" + items + "]}");
  }

  const Measuring& measuring_;
  const Question& question_;
  const MeasuredResource& resource_;
  const Time since_;
  const std::string date_;
};

// ---- paths --------------------------------------------------------------------------------------

const MeasuredResource* find_resource(std::string_view plural) {
  const auto all = measured_resources();
  const auto found = std::ranges::find(all, plural, &MeasuredResource::plural);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  while (!path.empty()) {
    const std::string_view step = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    if (!step.empty()) steps.push_back(api::decode_percent(step));
  }
  return steps;
}

// What is behind the version. False: nothing that we know.
bool read_path(std::vector<std::string> steps, Question& question) {
  if (steps.size() > 1 && steps.back() == "edges") {
    question.edges = true;
    steps.pop_back();
  }
  // namespaces/NS/RESOURCE[/NAME]; two steps alone are a namespace and what is asked of it.
  if (steps.size() > 2 && steps[0] == "namespaces") {
    question.object.ns = steps[1];
    steps.erase(steps.begin(), steps.begin() + 2);
  }
  if (steps.empty() || steps.size() > 2) return false;
  question.resource = find_resource(steps[0]);
  if (question.resource == nullptr) return false;
  if (steps.size() == 2) question.object.name = steps[1];
  const bool has_namespace = !question.object.ns.empty();
  const bool names_one = !question.object.name.empty();
  if (question.resource->namespaced && names_one && !has_namespace) return false;
  if (!question.resource->namespaced && has_namespace) return false;
  return names_one || !question.edges;
}

Response answer_version(const Measuring& measuring, std::string_view version,
                        const std::vector<std::string>& steps, const Request& request) {
  Question question;
  question.version = version;
  if (!read_path(steps, question)) return not_found();
  question.selector = request.parameter("labelSelector").value_or("");
  const auto window = parse_duration(request.parameter("t").value_or(""));
  question.window = std::min<milliseconds>(window.value_or(kDefaultWindow), kKept);
  return Answer(measuring, question).give();
}

bool is_api_server(const Measuring& measuring, const Request& request) {
  if (!request.client || request.client->authority != kRequestHeader) return false;
  const auto allowed = measuring.allowed_names();
  return allowed.empty() ||
         std::ranges::find(allowed, request.client->common_name) != allowed.end();
}

}  // namespace

std::span<const MeasuredResource> measured_resources() {
  static constexpr std::array<MeasuredResource, 11> all = {{
      {"namespaces", "namespace", "Namespace", false, "", "v1"},
      {"nodes", "node", "Node", false, "", "v1"},
      {"pods", "pod", "Pod", true, "", "v1"},
      {"replicationcontrollers", "replicationcontroller", "ReplicationController", true, "", "v1"},
      {"services", "service", "Service", true, "", "v1"},
      {"daemonsets", "daemonset", "DaemonSet", true, "apps", "v1"},
      {"deployments", "deployment", "Deployment", true, "apps", "v1"},
      {"replicasets", "replicaset", "ReplicaSet", true, "apps", "v1"},
      {"statefulsets", "statefulset", "StatefulSet", true, "apps", "v1"},
      {"jobs", "job", "Job", true, "batch", "v1"},
      {"trafficsplits", "trafficsplit", "TrafficSplit", true, "split.smi-spec.io", "v1alpha4"},
  }};
  return all;
}

Response answer_metrics(const Measuring& measuring, const Request& request) {
  std::vector<std::string> steps = steps_of(request.path);  // "apis", the group, the version, …
  if (steps.size() == 1) {
    return document(R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)" +
                    group_document(false) + "]}");
  }
  if (steps[1] != kGroup) return not_found();
  if (steps.size() == 2) return document(group_document(true));
  const auto version = std::ranges::find(kVersions, steps[2]);
  if (version == kVersions.end()) return not_found();
  if (steps.size() == 3) return document(resources_document(*version));
  steps.erase(steps.begin(), steps.begin() + 3);
  return answer_version(measuring, *version, steps, request);
}

api::Handler for_api_server(const Measuring& measuring, api::Handler handler) {
  return [&measuring, handler = std::move(handler)](const Request& request) {
    if (is_api_server(measuring, request)) return handler(request);
    return api::status_response(
        401, "Unauthorized",
        "ask the Kubernetes API server: this is answered to its certificate alone");
  };
}

std::vector<api::Route> metrics_routes(const Measuring& measuring) {
  const auto route = [&](std::string path, bool below, api::Handler handler) {
    api::Route made;
    made.path = std::move(path);
    made.below = below;
    made.handle = for_api_server(measuring, std::move(handler));
    return made;
  };
  return {
      route("/apis", true,
            [&measuring](const Request& request) { return answer_metrics(measuring, request); }),
      route("/openapi/v2", false,
            [](const Request&) {
              return document(
                  R"({"swagger":"2.0","info":{"title":"smic","version":"v1alpha1"},"paths":{}})");
            }),
      route("/openapi/v3", false, [](const Request&) { return document(R"({"paths":{}})"); }),
  };
}

}  // namespace smic::traffic
