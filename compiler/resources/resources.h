// SPDX-License-Identifier: Apache-2.0
// Text in, typed objects out: YAML and JSON documents through one located tree, so that every
// field knows its file, line and column. Every SMI version becomes its hub form here (v1alpha4, SMI
// reference §1.4), so that nobody downstream knows versions. Mistakes become diagnostics, the
// object that has one is left out if its meaning is in doubt (E-codes), and the rest goes on.
//
// Deliberately absent: what refers to what. Names are still text; compiler/model resolves them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "compiler/diagnostics/diagnostics.h"

namespace smic::resources {

using Text = Located<std::string>;
using Labels = std::map<std::string, std::string>;
using Settings = std::map<std::string, Text, std::less<>>;

struct Metadata {
  Text name;
  Text ns;  // "default" where the document has none
  Labels labels;
  Labels annotations;
  // Those labels and annotations that mean something to the mesh: under smic.dev/ and under the
  // predecessor's prefixes. Where a key is both, the label says it.
  Settings settings;
  std::string created;  // creationTimestamp as written; RFC 3339 sorts as text
  std::string uid;
  bool deleting = false;  // has a deletionTimestamp
  Span span;              // the object's first line
};

// ---- Kubernetes ------------------------------------------------------------------------------

struct Namespace {
  Metadata meta;
};
struct ServiceAccount {
  Metadata meta;
};

struct ServicePort {
  std::string name;
  Located<std::uint16_t> port;
  std::variant<std::monostate, std::uint16_t, std::string> target;  // absent = same as port
  std::string protocol = "TCP";                                     // TCP, UDP, SCTP
  std::string app_protocol;
};

struct Service {
  Metadata meta;
  std::string type = "ClusterIP";
  std::string cluster_ip;                // "" unknown, "None" headless
  std::vector<std::string> cluster_ips;  // all, the one above among them; empty if headless
  std::string external_name;
  Labels selector;
  std::vector<ServicePort> ports;
  bool publish_not_ready = false;  // publishNotReadyAddresses: pods take traffic before they are
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  bool ready = true;  // an absent condition counts as ready
  std::string pod;    // targetRef of kind Pod, same namespace
  std::string node;
  std::string hostname;  // its label below the Service's name, in DNS
};

struct SlicePort {
  std::string name;
  std::optional<std::uint16_t> port;
  std::string protocol = "TCP";
};

struct EndpointSlice {
  Metadata meta;
  std::string service;          // label kubernetes.io/service-name
  bool from_endpoints = false;  // converted from the older kind
  std::vector<SliceEndpoint> endpoints;
  std::vector<SlicePort> ports;
};

struct ContainerPort {
  std::string name;
  std::string protocol = "TCP";
  std::uint16_t port = 0;
};

// What a pod and a pod template have in common.
struct PodShape {
  Labels labels;
  std::string service_account = "default";
  std::vector<ContainerPort> ports;
  bool host_network = false;
};

struct Pod {
  Metadata meta;
  PodShape shape;
  std::vector<std::string> ips;
  std::string node;
  std::string hostname;  // with a subdomain that is a headless Service: its label below that name
  std::string subdomain;
  bool running = true;  // phase absent, Pending or Running; not Succeeded or Failed
  bool ready = true;    // condition Ready; absent = true
};

// Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob: what `smic check` on a laptop has
// instead of Pods. Tells which identities stand behind a Service.
struct Workload {
  Metadata meta;
  std::string kind;
  PodShape shape;
};

// ---- SMI, hub form ---------------------------------------------------------------------------

// Which version it was written in; diagnostics and the rules of old versions need it.
struct Origin {
  std::string api_version;  // "specs.smi-spec.io/v1alpha3"
};

struct HeaderCondition {
  Text name;  // lower-cased value, span of the text as written
  Text regex;
};

struct HttpMatch {
  Text name;
  std::optional<Text> path_regex;  // absent or empty = any (D-4)
  std::vector<Text> methods;       // empty, or with "*" = any
  std::vector<HeaderCondition> headers;
  Span span;
};

struct HttpRouteGroup {
  Metadata meta;
  Origin origin;
  std::vector<HttpMatch> matches;
};

struct L4Route {  // TCPRoute and UDPRoute
  Metadata meta;
  Origin origin;
  std::string match_name;                     // spec.matches.name (D-11)
  std::vector<Located<std::uint16_t>> ports;  // empty = all
};

struct Subject {
  Text kind;  // ServiceAccount, IdentityBinding
  Text name;
  Text ns;                                     // empty value = not given (D-13)
  std::optional<Located<std::uint16_t>> port;  // destination of v1alpha1 and v1alpha2 only
  Span span;
};

struct Rule {
  Text kind;  // HTTPRouteGroup, TCPRoute, UDPRoute
  Text name;
  std::vector<Text> matches;  // empty = all
  Span span;
};

struct TrafficTarget {
  Metadata meta;
  Origin origin;
  Subject destination;
  std::vector<Subject> sources;
  std::vector<Rule> rules;
};

struct SplitBackend {
  Text service;
  Located<std::uint32_t> weight;
};

struct SplitMatch {
  Text kind;
  Text name;
};

struct TrafficSplit {
  Metadata meta;
  Origin origin;
  Text service;
  std::vector<SplitBackend> backends;
  std::vector<SplitMatch> matches;  // empty = unconditional
};

struct IdentityBinding {  // schemes are OR-ed; at least one is there
  Metadata meta;
  Origin origin;
  Labels pod_labels;                    // podLabelSelector.matchLabels; empty = no such scheme
  std::vector<Text> spiffe_identities;  // with their spiffe:// prefix (D-15)
  std::optional<Text> service_account;  // in the binding's own namespace
};

// An object that is not in the set because of an error that was reported. What refers to it need
// not be told that it is missing.
struct LeftOut {
  std::string kind;  // "Service", "TrafficSplit", …
  std::string ns;
  std::string name;
  auto operator<=>(const LeftOut&) const = default;
};

// Everything that was read, in the order it was written.
struct Set {
  std::vector<Namespace> namespaces;
  std::vector<ServiceAccount> service_accounts;
  std::vector<Service> services;
  std::vector<EndpointSlice> endpoint_slices;
  std::vector<Pod> pods;
  std::vector<Workload> workloads;
  std::vector<HttpRouteGroup> http_route_groups;
  std::vector<L4Route> tcp_routes;
  std::vector<L4Route> udp_routes;
  std::vector<TrafficTarget> traffic_targets;
  std::vector<TrafficSplit> traffic_splits;
  std::vector<IdentityBinding> identity_bindings;
  std::vector<LeftOut> left_out;
};

// The methods that a match can name. Beyond them only those that an option allows (D-29).
inline constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

using Methods = std::vector<std::string>;

// Decodes the YAML and JSON sources; sources named *.smir are left to compiler/text.
Set decode(const Sources& sources, Diagnostics& diagnostics, const Methods& extensions = {});

// One of them alone; what it says of objects in others is not seen.
Set decode(const Sources& sources, SourceId source, Diagnostics& diagnostics,
           const Methods& extensions = {});

// Files, directories (their *.yaml, *.yml, *.json and *.smir, recursively, in name order) and "-"
// for stdin, read before the compiler starts. Names are the paths as given, lexically normal. A
// folder without manifests is a slip of who typed its name, but no surprise to who watches it.
enum class EmptyFolder { refuse, accept };
Result<Sources> read_paths(const std::vector<std::string>& paths,
                           EmptyFolder empty = EmptyFolder::refuse);

// The place of a piece of `text`, at this byte of its value: inside of a regex, say. Follows the
// escapes of quoted texts; a text of several lines is pointed at as a whole.
Span inside(const Sources& sources, const Text& text, std::size_t offset, std::size_t length);

// Is this the name of a .smir source, or (for stdin) does the text begin like one?
bool is_smir(const std::string& name, std::string_view text);

}  // namespace smic::resources
