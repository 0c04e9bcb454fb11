// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/random_objects.h"

#include <algorithm>

namespace smic::test {
namespace {

using incremental::ObjectKey;

const std::vector<std::string> kNamespaces{"a", "a-b", "b"};  // "a-b/x" sorts before "a/x" as text
const std::vector<std::string> kServices{"web", "web-v1", "web-v2", "api", "dns"};
const std::vector<std::string> kAccounts{"default", "web", "wbe", "api"};
const std::vector<std::string> kApps{"web", "api", "dns"};
const std::vector<std::string> kGroups{"routes", "route", "metrics"};
const std::vector<std::string> kBindings{"team", "teem"};

std::string quoted(std::string text) {  // written with ' for "
  std::ranges::replace(text, '\'', '"');
  return text;
}

}  // namespace

std::string RandomObjects::object(const std::string& api, const ObjectKey& key,
                                  const std::string& metadata, const std::string& rest) const {
  std::string text =
      "{'apiVersion':'" + api + "','kind':'" + key.kind + "','metadata':{'name':'" + key.name + "'";
  if (!key.ns.empty()) text += ",'namespace':'" + key.ns + "'";
  return quoted(text + metadata + "}" + rest + "}");
}

incremental::Change RandomObjects::edit() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kKinds{
      {"Namespace", {""}},
      {"ServiceAccount", kAccounts},
      {"Service", kServices},
      {"Service", kServices},
      {"EndpointSlice", {"web-1", "web-2", "api-1", "dns-1"}},
      {"EndpointSlice", {"web-1", "web-2", "api-1", "dns-1"}},
      {"Pod", {"p0", "p1", "p2", "p3", "p4", "p5"}},
      {"Pod", {"p0", "p1", "p2", "p3", "p4", "p5"}},
      {"HTTPRouteGroup", kGroups},
      {"TCPRoute", {"ports", "port"}},
      {"UDPRoute", {"ports"}},
      {"TrafficTarget", {"t0", "t1", "t2"}},
      {"TrafficTarget", {"t0", "t1", "t2"}},
      {"TrafficSplit", {"s0", "s1", "s2"}},
      {"TrafficSplit", {"s0", "s1", "s2"}},
      {"IdentityBinding", kBindings}};
  const auto& [kind, names] = kKinds[below(kKinds.size())];
  ObjectKey key{kind, one_of(kNamespaces), one_of(names)};
  if (kind == "Namespace") key = {kind, "", key.ns};
  if (one_in(5)) return {key, nullptr};
  return {key, std::make_shared<const std::string>(text_of(key))};
}

std::string RandomObjects::text_of(const ObjectKey& key) {
  if (key.kind == "Namespace") return ns_text(key);
  if (key.kind == "ServiceAccount") return object("v1", key, "", "");
  if (key.kind == "Service") return service(key);
  if (key.kind == "EndpointSlice") return slice(key);
  if (key.kind == "Pod") return pod(key);
  if (key.kind == "HTTPRouteGroup") return group(key);
  if (key.kind == "TrafficTarget") return target(key);
  if (key.kind == "TrafficSplit") return split(key);
  if (key.kind == "IdentityBinding") return binding(key);
  return l4_route(key);
}

std::string RandomObjects::ns_text(const ObjectKey& key) {
  return object("v1", key,
                ",'labels':{" +
                    one_of({"", "", "'smic.dev/access':'permissive'", "'smic.dev/mesh':'false'",
                            "'smic.dev/names':'plain'", "'smic.dev/access':'perhaps'"}) +
                    "}",
                "");
}

std::string RandomObjects::service(const ObjectKey& key) {
  const std::string metadata = one_of({"", "", "", ",'annotations':{'smic.dev/mesh':'false'}",
                                       ",'annotations':{'smic.dev/request-timeout':'5s'}",
                                       ",'annotations':{'smic.dev/request-timeuot':'5s'}"});
  const std::string ports =
      one_of({"{'name':'http','port':80,'targetPort':8080}",
              "{'name':'http','port':80,'targetPort':'web'}", "{'port':0}",
              "{'name':'http','port':80},{'name':'tcp-db','port':90,'targetPort':9000}",
              "{'name':'dns','port':53,'protocol':'UDP'},{'name':'tcp-dns','port':53}"});
  const std::string kind =
      one_of({"'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1'],", "'clusterIP':'None',", "",
              "'type':'ExternalName','externalName':'example.org',"});
  const std::string selector = one_in(4) ? "" : "'selector':{'app':'" + one_of(kApps) + "'},";
  return object("v1", key, metadata, ",'spec':{" + kind + selector + "'ports':[" + ports + "]}");
}

std::string RandomObjects::slice(const ObjectKey& key) {
  std::string endpoints;
  for (std::size_t count = below(4); count > 0; --count) {
    endpoints += std::string(endpoints.empty() ? "" : ",") + "{'addresses':['" + address() + "']";
    if (one_in(2)) {
      endpoints += ",'targetRef':{'kind':'Pod','name':'p" + std::to_string(below(6)) + "'}";
    }
    endpoints += ",'conditions':{'ready':" + one_of({"true", "true", "false"}) + "}}";
  }
  return object("discovery.k8s.io/v1", key,
                ",'labels':{'kubernetes.io/service-name':'" + one_of(kServices) + "'}",
                ",'addressType':'IPv4','endpoints':[" + endpoints + "],'ports':[{'name':'" +
                    one_of({"http", "", "dns"}) + "','port':" + one_of({"8080", "80", "9000"}) +
                    ",'protocol':'" + one_of({"TCP", "TCP", "UDP"}) + "'}]");
}

std::string RandomObjects::pod(const ObjectKey& key) {
  return object(
      "v1", key, ",'labels':{'app':'" + one_of(kApps) + "','team':'" + one_of({"x", "y"}) + "'}",
      ",'spec':{'serviceAccountName':'" + one_of(kAccounts) + "','nodeName':'" +
          one_of({"", "n1", "n2"}) + "','hostNetwork':" + one_of({"false", "false", "true"}) +
          ",'containers':[{'ports':[{'name':'web','containerPort':8080}]}]},'status':{'phase':'" +
          one_of({"Running", "Running", "Succeeded"}) + "','podIP':'" + address() +
          "','conditions':[{'type':'Ready','status':'" + one_of({"True", "True", "False"}) +
          "'}]}");
}

std::string RandomObjects::group(const ObjectKey& key) {
  const std::string paths =
      one_of({"'/metrics'", "'/api/.*'", "'/a(b'", "'noslash'", "'/[0-9]+$'"});
  return object("specs.smi-spec.io/v1alpha4", key, "",
                ",'spec':{'matches':[{'name':'m','pathRegex':" + paths +
                    ",'methods':['GET']},{'name':'n','headers':{'x-user':'" +
                    one_of({"test", "a*", "("}) + "'}}]}");
}

std::string RandomObjects::l4_route(const ObjectKey& key) {
  const std::string ports = one_of({"80", "8080", "9000,80", "53"});
  return object("specs.smi-spec.io/v1alpha4", key, "",
                one_in(4) ? "" : ",'spec':{'matches':{'name':'m','ports':[" + ports + "]}}");
}

std::string RandomObjects::subject(const std::string& ns) {
  const bool binding = one_in(4);
  return "{'kind':'" + std::string(binding ? "IdentityBinding" : "ServiceAccount") + "','name':'" +
         one_of(binding ? kBindings : kAccounts) + "','namespace':'" + ns + "'}";
}

std::string RandomObjects::target(const ObjectKey& key) {
  std::string rules;
  for (std::size_t count = below(3); count > 0; --count) {
    const std::string kind = one_of({"HTTPRouteGroup", "HTTPRouteGroup", "TCPRoute", "UDPRoute"});
    rules += std::string(rules.empty() ? "" : ",") + "{'kind':'" + kind + "','name':'" +
             (kind == "HTTPRouteGroup" ? one_of(kGroups) : one_of({"ports", "port"})) + "'" +
             one_of({"", "", ",'matches':['m']", ",'matches':['o']"}) + "}";
  }
  return object("access.smi-spec.io/v1alpha4", key, "",
                ",'spec':{'destination':" + subject(one_in(9) ? one_of(kNamespaces) : key.ns) +
                    ",'sources':[" + subject(one_of(kNamespaces)) + "," +
                    subject(one_of(kNamespaces)) + "],'rules':[" + rules + "]}");
}

std::string RandomObjects::split(const ObjectKey& key) {
  std::string backends;
  for (std::size_t count = below(3); count > 0; --count) {
    backends += std::string(backends.empty() ? "" : ",") + "{'service':'" +
                one_of({"web-v1", "web-v2", "web-v3", "api"}) +
                "','weight':" + std::to_string(below(3)) + "}";
  }
  const std::string matches =
      one_in(2) ? "" : ",'matches':[{'kind':'HTTPRouteGroup','name':'" + one_of(kGroups) + "'}]";
  return object("split.smi-spec.io/v1alpha4", key,
                ",'creationTimestamp':'2026-01-0" + std::to_string(1 + below(3)) + "T00:00:00Z'",
                ",'spec':{'service':'" +
                    one_of({"web", "api", "web." + key.ns, "web-v1", "nowhere"}) +
                    "','backends':[" + backends + "]" + matches + "}");
}

std::string RandomObjects::binding(const ObjectKey& key) {
  const std::string account = "'serviceAccount':'" + one_of(kAccounts) + "'";
  const std::string spiffe =
      "'spiffeIdentities':['cluster.local/ns/" + one_of(kNamespaces) + "/sa/web']";
  const std::string labels = "'podLabelSelector':{'matchLabels':{'team':'x'}}";
  const std::string both = "'podLabelSelector':{'matchLabels':{'team':'y','app':'web'}}";
  const std::string scheme =
      bindings_by_labels ? one_of({account, spiffe, labels, both}) : one_of({account, spiffe});
  return object("access.smi-spec.io/v1alpha4", key, "", ",'spec':{'schemes':{" + scheme + "}}");
}

}  // namespace smic::test
