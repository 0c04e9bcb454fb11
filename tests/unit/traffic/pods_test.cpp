// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/traffic/traffic_of.h"

using namespace smic;
using namespace smic::traffic;
using Names = std::vector<ObjectName>;

TEST_CASE("a pod is part of its owner, its Deployment, its node, its namespace and its Services") {
  Pods pods;
  pods.put("Pod", test::pod("shop", "web", "x", "n1"));
  pods.put("Service", test::object("shop", "front", R"(},"spec":{"selector":{"app":"web"}})"));
  pods.put("Service",
           test::object("shop", "all", R"(},"spec":{"selector":{"app":"web","v":"2"}})"));
  pods.put("Service", test::object("shop", "none", R"(},"spec":{})"));
  pods.put("Service", test::object("other", "front", R"(},"spec":{"selector":{"app":"web"}})"));
  const std::string name = "shop/web-5d4-x";
  CHECK(pods.objects_of(name, "Pod") == Names{{"shop", "web-5d4-x"}});
  CHECK(pods.objects_of(name, "ReplicaSet") == Names{{"shop", "web-5d4"}});
  CHECK(pods.objects_of(name, "Deployment") == Names{{"shop", "web"}});
  CHECK(pods.objects_of(name, "StatefulSet").empty());
  CHECK(pods.objects_of(name, "Node") == Names{{"", "n1"}});
  CHECK(pods.objects_of(name, "Namespace") == Names{{"", "shop"}});
  CHECK(pods.objects_of(name, "Service") == Names{{"shop", "front"}});
  CHECK(pods.objects_of("10.1.2.3", "Pod").empty());
  CHECK(pods.objects_of("", "Namespace").empty());
}

TEST_CASE("owners other than ReplicaSets own directly") {
  Pods pods;
  pods.put("Pod", test::object("shop", "db-0",
                               R"(,"ownerReferences":[{"kind":"X","name":"y"},{"kind":)"
                               R"("StatefulSet","name":"db","controller":true}]})"));
  CHECK(pods.objects_of("shop/db-0", "StatefulSet") == Names{{"shop", "db"}});
  CHECK(pods.objects_of("shop/db-0", "Deployment").empty());
  CHECK(pods.objects_of("shop/db-0", "Node").empty());
}

TEST_CASE("a pod that is gone is remembered, but is no proxy any more") {
  Pods pods;
  const auto proxy = test::object(
      "smic-system", "p",
      R"(,"labels":{"app.kubernetes.io/name":"smic-proxy"}},"spec":{"nodeName":"n1","containers":)"
      R"([{"ports":[{"name":"dns","containerPort":53},{"name":"admin","containerPort":7}]}]},)"
      R"("status":{"phase":"Running","podIP":"fd00::1"})");
  pods.put("Pod", proxy);
  CHECK(pods.proxies("smic-system") == std::vector<std::string>{"[fd00::1]:7"});
  CHECK(pods.proxies("shop").empty());
  pods.remove("Pod", proxy);
  CHECK(pods.proxies("smic-system").empty());
  CHECK(pods.objects_of("smic-system/p", "Node") == Names{{"", "n1"}});
  pods.put("Pod", proxy);
  pods.replace("Pod", {});
  CHECK(pods.proxies("smic-system").empty());
}
