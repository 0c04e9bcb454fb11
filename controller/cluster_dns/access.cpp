// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py on a real API server.
#include "controller/cluster_dns/access.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace smic::cluster_dns {
namespace {

namespace json = boost::json;

constexpr std::string_view kTouched = "smic.dev/dns-touched";
constexpr std::string_view kManager = "?fieldManager=smic-dns";

std::string core(std::string_view ns, std::string_view plural, std::string_view name = {}) {
  const kube::Resource resource{"", "v1", std::string(plural)};
  return name.empty() ? resource.collection(ns) : resource.object(ns, name);
}

const json::value& at(const json::value& value, std::string_view pointer) {
  static const json::value kNothing;
  json::error_code error;
  const json::value* found = value.find_pointer(pointer, error);
  return found == nullptr ? kNothing : *found;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

const json::array& list_of(const json::value& value) {
  static const json::array kNone;
  return value.is_array() ? value.get_array() : kNone;
}

std::uint16_t port_of(const json::value& value) {
  json::error_code error;
  const auto port = value.to_number<std::uint16_t>(error);
  return error ? 0 : port;
}

Outcome<json::value> parsed(const kube::ApiResult<std::string>& answer) {
  if (!answer) return trouble(answer.error());
  json::error_code error;
  json::value value = json::parse(*answer, error);
  if (error) return std::unexpected(Trouble{Trouble::Kind::world, "the API's answer is no JSON"});
  return value;
}

bool is_missing(const kube::ApiResult<std::string>& answer) {
  return !answer && answer.error().fault == kube::Fault::not_found;
}

Service service_of(const json::value& object) {
  Service service{.name = text_of(at(object, "/metadata/name"))};
  for (const json::value& ip : list_of(at(object, "/spec/clusterIPs"))) {
    if (text_of(ip) != "None") service.cluster_ips.push_back(text_of(ip));
  }
  for (const json::value& port : list_of(at(object, "/spec/ports"))) {
    if (service.dns_port == 0 && text_of(at(port, "/protocol")) == "UDP") {
      service.dns_port = port_of(at(port, "/port"));
    }
  }
  return service;
}

// The UDP port of a slice, or 0.
std::uint16_t udp_port_of(const json::value& slice) {
  for (const json::value& port : list_of(at(slice, "/ports"))) {
    if (text_of(at(port, "/protocol")) == "UDP") return port_of(at(port, "/port"));
  }
  return 0;
}

void add_servers(const json::value& slice, std::vector<Server>& servers) {
  const std::uint16_t port = udp_port_of(slice);
  if (port == 0) return;
  for (const json::value& endpoint : list_of(at(slice, "/endpoints"))) {
    const json::value& ready = at(endpoint, "/conditions/ready");
    const auto& addresses = list_of(at(endpoint, "/addresses"));
    if (addresses.empty() || (ready.is_bool() && !ready.get_bool())) continue;
    const bool pod = text_of(at(endpoint, "/targetRef/kind")) == "Pod";
    servers.push_back({text_of(addresses.front()), port,
                       pod ? text_of(at(endpoint, "/targetRef/name")) : std::string()});
  }
}

}  // namespace

const std::string* ConfigMap::find(const std::string& key) const {
  const auto found = data.find(key);
  return found == data.end() ? nullptr : &found->second;
}

Outcome<std::optional<Service>> read_service(kube::Client& client, const std::string& ns,
                                             const std::string& name) {
  const auto answer = client.get(core(ns, "services", name));
  if (is_missing(answer)) return std::optional<Service>();
  const auto object = parsed(answer);
  if (!object) return std::unexpected(object.error());
  return service_of(*object);
}

Outcome<std::vector<Service>> list_services(kube::Client& client, const std::string& ns,
                                            const std::string& selector) {
  const auto list = parsed(
      client.get(core(ns, "services") + "?labelSelector=" + kube::percent_encoded(selector)));
  if (!list) return std::unexpected(list.error());
  std::vector<Service> services;
  for (const json::value& object : list_of(at(*list, "/items"))) {
    services.push_back(service_of(object));
  }
  return services;
}

Outcome<std::vector<Server>> read_endpoints(kube::Client& client, const std::string& ns,
                                            const std::string& service) {
  const kube::Resource slices{"discovery.k8s.io", "v1", "endpointslices"};
  const auto list =
      parsed(client.get(slices.collection(ns) + "?labelSelector=" +
                        kube::percent_encoded("kubernetes.io/service-name=" + service)));
  if (!list) return std::unexpected(list.error());
  std::vector<Server> servers;
  for (const json::value& slice : list_of(at(*list, "/items"))) add_servers(slice, servers);
  std::ranges::sort(servers, {}, &Server::address);
  return servers;
}

Outcome<std::string> read_pod_text(kube::Client& client, const std::string& ns,
                                   const std::string& name) {
  auto answer = client.get(core(ns, "pods", name));
  if (!answer) return trouble(answer.error());
  return std::move(*answer);
}

Outcome<std::vector<std::string>> read_plain_namespaces(kube::Client& client) {
  const auto list = parsed(client.get(
      core({}, "namespaces") + "?labelSelector=" + kube::percent_encoded("smic.dev/names=plain")));
  if (!list) return std::unexpected(list.error());
  std::vector<std::string> names;
  for (const json::value& object : list_of(at(*list, "/items"))) {
    names.push_back(text_of(at(object, "/metadata/name")));
  }
  return names;
}

Outcome<ConfigMap> read_config_map(kube::Client& client, const std::string& ns,
                                   const std::string& name) {
  ConfigMap map{.ns = ns, .name = name};
  const auto answer = client.get(core(ns, "configmaps", name));
  if (is_missing(answer)) return map;
  const auto object = parsed(answer);
  if (!object) return std::unexpected(object.error());
  map.version = text_of(at(*object, "/metadata/resourceVersion"));
  const json::value& immutable = at(*object, "/immutable");
  map.immutable = immutable.is_bool() && immutable.get_bool();
  const json::value& labels = at(*object, "/metadata/labels");
  if (const json::object* all = labels.if_object()) {
    const json::value* by = all->if_contains("app.kubernetes.io/managed-by");
    map.ours = by != nullptr && text_of(*by) == "smic";
  }
  const json::value& data = at(*object, "/data");
  if (const json::object* all = data.if_object()) {
    for (const auto& [key, value] : *all) map.data.emplace(key, text_of(value));
  }
  return map;
}

Outcome<void> write_value(kube::Client& client, const ConfigMap& read, const std::string& key,
                          const std::optional<std::string>& value) {
  json::object data{{key, value ? json::value(*value) : json::value(nullptr)}};
  if (read.exists()) {
    const json::object body{{"metadata", {{"resourceVersion", read.version}}}, {"data", data}};
    const auto done = client.patch(core(read.ns, "configmaps", read.name) + std::string(kManager),
                                   kube::PatchType::merge, json::serialize(body));
    return done ? Outcome<void>{} : trouble(done.error());
  }
  const json::object body{
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata",
       {{"name", read.name},
        {"labels",
         {{"app.kubernetes.io/managed-by", "smic"}, {"app.kubernetes.io/part-of", "smic"}}}}},
      {"data", data}};
  const auto done =
      client.create(core(read.ns, "configmaps") + std::string(kManager), json::serialize(body));
  return done ? Outcome<void>{} : trouble(done.error());
}

Outcome<void> remove_config_map(kube::Client& client, const ConfigMap& read) {
  const auto done = client.remove(core(read.ns, "configmaps", read.name));
  return done || is_missing(done) ? Outcome<void>{} : trouble(done.error());
}

Outcome<void> annotate_pod(kube::Client& client, const std::string& ns, const std::string& name,
                           const std::optional<std::string>& mark) {
  const json::object body{
      {"metadata",
       {{"annotations", {{kTouched, mark ? json::value(*mark) : json::value(nullptr)}}}}}};
  const auto done = client.patch(core(ns, "pods", name) + std::string(kManager),
                                 kube::PatchType::merge, json::serialize(body));
  return done || is_missing(done) ? Outcome<void>{} : trouble(done.error());
}

}  // namespace smic::cluster_dns
