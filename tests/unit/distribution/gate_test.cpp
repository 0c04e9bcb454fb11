// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/gate.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::distribution;
using test::ScriptedApi;

namespace {

int code(const Gate::Verdict& verdict) { return verdict ? 200 : verdict.error().status; }

std::string review(const std::string& user, const std::string& node,
                   const std::string& audience = "smic-controller") {
  return test::answer(
      201,
      R"({"status":{"authenticated":true,"audiences":[")" + audience +
          R"("],"user":{"username":")" + user + R"(","groups":["g"],"extra":{)" +
          (node.empty() ? "" : R"("authentication.kubernetes.io/node-name":[")" + node + R"("])") +
          "}}}}");
}

const std::string kProxy = "system:serviceaccount:smic-system:smic-proxy";
const std::string kReviews = "POST /apis/authentication.k8s.io/v1/tokenreviews";
const std::string kAccess = "POST /apis/authorization.k8s.io/v1/subjectaccessreviews";

struct Judged {
  explicit Judged(std::vector<ScriptedApi::Step> steps)
      : api(std::move(steps)),
        client(api.config(), stop),
        gate(token_review_gate(client, {.account = kProxy})) {}

  ScriptedApi api;
  kube::Stop stop;
  kube::Client client;
  std::shared_ptr<Gate> gate;
};

}  // namespace

TEST_CASE("a file of tokens says who is which node, and may change") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("smic-tokens-" + std::to_string(::getpid())))
          .string();
  std::ofstream(path) << "# comment\none n1\ntwo n2\nboth n1\nboth *\n\nlonely\n";
  const auto gate = token_file_gate(path);
  CHECK(code(gate->may_be("one", "n1")) == 200);
  CHECK(code(gate->may_be("one", "n2")) == 403);
  CHECK(code(gate->may_be("three", "n1")) == 401);
  CHECK(code(gate->may_be("", "n1")) == 401);
  CHECK(code(gate->may_be("lonely", "")) == 401);
  CHECK(code(gate->may_be("#", "comment")) == 401);
  CHECK(code(gate->may_see_status("one")) == 403);
  CHECK(code(gate->may_see_status("both")) == 200);
  CHECK(code(gate->may_be("both", "n1")) == 200);
  std::ofstream(path) << "three n1\n";
  CHECK(code(gate->may_be("three", "n1")) == 200);
  CHECK(code(gate->may_be("one", "n1")) == 401);
  std::filesystem::remove(path);
  CHECK(code(gate->may_be("three", "n1")) == 503);
}

TEST_CASE("a bearer token is what follows the word") {
  api::Request request;
  CHECK(bearer_token(request).empty());
  request.headers = {{"Authorization", "Basic abc"}};
  CHECK(bearer_token(request).empty());
  request.headers = {{"authorization", "Bearer abc"}};
  CHECK(bearer_token(request) == "abc");
}

TEST_CASE("a proxy may be the node that its pod runs on, and is asked about once") {
  Judged judged({{kReviews, review(kProxy, "n1")}});
  CHECK(code(judged.gate->may_be("token", "n1")) == 200);
  CHECK(code(judged.gate->may_be("token", "n2")) == 403);
  CHECK(code(judged.gate->may_be("token", "n1")) == 200);
  CHECK(judged.api.finish() == "");
  CHECK(judged.api.requests().at(0).body.contains(R"("audiences":["smic-controller"])"));
}

TEST_CASE("whoever else has a token is refused, with the reason") {
  Judged judged(
      {{kReviews, review("system:serviceaccount:shop:web", "n1")},
       {kReviews, review(kProxy, "")},
       {kReviews, review(kProxy, "n1", "https://kubernetes.default.svc")},
       {kReviews, test::answer(201, R"({"status":{"authenticated":false,"error":"expired"}})")},
       {kReviews, test::answer(500, "broken")}});
  CHECK(code(judged.gate->may_be("other account", "n1")) == 403);
  const auto unbound = judged.gate->may_be("unbound", "n1");
  CHECK(code(unbound) == 403);
  CHECK(unbound.error().body.contains("bound to a pod"));
  CHECK(code(judged.gate->may_be("other audience", "n1")) == 401);
  const auto expired = judged.gate->may_be("expired", "n1");
  CHECK(code(expired) == 401);
  CHECK(expired.error().body.contains("expired"));
  CHECK(code(judged.gate->may_be("api is broken", "n1")) == 503);
  CHECK(code(judged.gate->may_be("", "n1")) == 401);
  CHECK(judged.api.finish() == "");
}

TEST_CASE("the status is for those whom RBAC lets see it") {
  Judged judged({{kReviews, review("alice", "")},
                 {kAccess, test::answer(201, R"({"status":{"allowed":true}})")},
                 {kReviews, review("bob", "")},
                 {kAccess, test::answer(201, R"({"status":{"allowed":false}})")}});
  CHECK(code(judged.gate->may_see_status("alice's")) == 200);
  CHECK(code(judged.gate->may_see_status("alice's")) == 200);
  CHECK(code(judged.gate->may_see_status("bob's")) == 403);
  CHECK(judged.api.finish() == "");
  const std::string& body = judged.api.requests().at(1).body;
  CHECK(body.contains(R"("user":"alice")"));
  CHECK(body.contains(R"("nonResourceAttributes":{"path":"/v1/status","verb":"get"})"));
}
