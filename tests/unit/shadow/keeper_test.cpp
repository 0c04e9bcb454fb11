// SPDX-License-Identifier: Apache-2.0
// What informers tell while the answer to a write is still on its way. The API is one that answers
// writes when the test says so; the test itself is the informer with news.
#include "controller/shadow/keeper.h"

#include <catch2/catch.hpp>
#include <deque>

#include "tests/support/raw_socket.h"
#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::shadow;

namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr Port kHttp{80, Transport::tcp};
const ir::ServiceRef kWeb{"shop", "web"};

// Lists are empty, watches silent. Anything else waits for its answer.
class HeldApi {
 public:
  HeldApi() : backend_([this](test::RawSocket& socket) { serve(socket); }) {}
  ~HeldApi() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    condition_.notify_all();
  }

  kube::Config config() const {
    kube::Config config;
    config.host = "127.0.0.1";
    config.port = backend_.port();
    config.tls = false;
    return config;
  }

  // "POST services", "DELETE services", "GET services": of what is asked next.
  std::string asked() {
    std::unique_lock lock(mutex_);
    if (!condition_.wait_for(lock, kPatience, [this] { return request_.has_value(); })) {
      return "nothing";
    }
    const std::string& line = request_->first_line;
    const std::string kind = line.contains("/endpointslices") ? "endpointslices" : "services";
    return line.substr(0, line.find(' ')) + ' ' + kind;
  }
  std::string body() {
    const std::lock_guard lock(mutex_);
    return request_->body;
  }
  void answer(int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    request_.reset();
    answer_ = test::answer(status, body);
    condition_.notify_all();
  }

 private:
  void serve(test::RawSocket& socket) {
    for (;;) {
      const test::Message request = socket.receive_request();
      if (request.first_line.empty() || !socket.send(answer_to(request))) return;
    }
  }

  std::string answer_to(const test::Message& request) {
    std::unique_lock lock(mutex_);
    if (request.first_line.contains("watch=")) {
      return test::watch_that_goes_on({test::bookmark("1")});
    }
    if (request.first_line.contains("limit=")) return test::answer(200, test::list_of("1", {}));
    request_ = request;
    condition_.notify_all();
    condition_.wait(lock, [this] { return ended_ || answer_; });
    const std::string text = answer_.value_or("");
    answer_.reset();
    return text;
  }

  std::mutex mutex_;
  std::condition_variable condition_;
  bool ended_ = false;
  std::optional<test::Message> request_;
  std::optional<std::string> answer_;
  test::ScriptedBackend backend_;  // the last, so that its threads end first
};

struct Stage {
  explicit Stage(std::vector<Wish> wanted = {{kWeb, {kHttp}, {IpFamily::v4}}}) {
    wishes->set(std::move(wanted));
    REQUIRE(keeper.start());
  }
  ~Stage() {
    stop.stop();
    keeper.stop();
  }

  // The object that the write under way makes.
  kube::Object made(const std::string& version, const std::string& uid) {
    std::string text = api.body();
    const auto insert = [&](const std::string& behind, const std::string& more) {
      const std::size_t at = text.find(behind);
      REQUIRE(at != text.npos);
      text.insert(at + behind.size(), more);
    };
    insert("\"metadata\":{", R"("uid":")" + uid + R"(","resourceVersion":")" + version + "\",");
    insert("\"spec\":{", R"("clusterIPs":["10.96.1.2"],)");
    return {"smic-system", shadow_name(kWeb), version, text};
  }
  static kube::Object at(kube::Object object, const std::string& version) {
    object.version = version;
    return object;
  }

  HeldApi api;
  kube::Stop stop;
  kube::Client client{api.config(), stop};
  std::unique_ptr<kube::Leadership> leadership = kube::sole_leader();
  std::shared_ptr<Wishes> wishes = std::make_shared<Wishes>();
  Keeper keeper{{client, *leadership, stop}, {"smic-system", {16'000, 16'099}}, wishes};
};

}  // namespace

TEST_CASE("an answer with nothing in between is believed", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  stage.api.answer(201, stage.made("10", "a").text);
  REQUIRE(stage.api.asked() == "POST endpointslices");
  CHECK(stage.api.body().contains(R"("uid":"a")"));
}

TEST_CASE("a watch that overtakes the answer: what is gone is made anew", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  const kube::Object first = stage.made("10", "a");
  stage.keeper.put("Service", first);
  stage.keeper.remove("Service", Stage::at(first, "11"));
  stage.api.answer(201, first.text);
  CHECK(stage.api.asked() == "POST services");
}

TEST_CASE("a list that overtakes the answer: what is gone is made anew", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  const kube::Object first = stage.made("10", "a");
  stage.keeper.replace("Service", {});
  stage.api.answer(201, first.text);
  CHECK(stage.api.asked() == "POST services");
}

TEST_CASE("a list from before the write: it meets its own object", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  const kube::Object first = stage.made("10", "a");
  stage.keeper.replace("Service", {});
  stage.api.answer(201, first.text);
  REQUIRE(stage.api.asked() == "POST services");
  stage.api.answer(409, test::failure(409, "AlreadyExists", "exists"));
  REQUIRE(stage.api.asked() == "GET services");
  stage.api.answer(200, first.text);
  CHECK(stage.api.asked() == "POST endpointslices");
}

TEST_CASE("a list that overtakes the answer to a patch: what is gone is made anew", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  kube::Object first = stage.made("10", "a");
  stage.api.answer(201, first.text);
  REQUIRE(stage.api.asked() == "POST endpointslices");
  kube::Object edited = Stage::at(first, "12");
  edited.text.replace(edited.text.find("Local"), 5, "Cluster");
  stage.keeper.put("Service", edited);
  std::string slice = stage.api.body();
  stage.api.answer(201, slice.insert(slice.find("\"name\""), "\"resourceVersion\":\"11\","));
  REQUIRE(stage.api.asked() == "PATCH services");
  stage.keeper.replace("Service", {});
  first.text.replace(first.text.find("\"10\""), 4, "\"13\"");
  stage.api.answer(200, first.text);
  CHECK(stage.api.asked() == "POST services");
}

TEST_CASE("news of another object of the name that overtake the answer stay", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  const kube::Object first = stage.made("10", "a"), second = stage.made("12", "b");
  SECTION("from a watch") {
    stage.keeper.put("Service", first);
    stage.keeper.remove("Service", Stage::at(first, "11"));
    stage.keeper.put("Service", second);
  }
  SECTION("from a list") { stage.keeper.replace("Service", {second}); }
  stage.api.answer(201, first.text);
  REQUIRE(stage.api.asked() == "POST endpointslices");
  CHECK(stage.api.body().contains(R"("uid":"b")"));
}

TEST_CASE("what was made anew before a removal is answered is removed, too", "[shadow]") {
  Stage stage;
  REQUIRE(stage.api.asked() == "POST services");
  const kube::Object first = stage.made("10", "a"), second = stage.made("13", "b");
  stage.api.answer(201, first.text);
  REQUIRE(stage.api.asked() == "POST endpointslices");
  stage.wishes->set({});
  stage.api.answer(422, test::failure(422, "Invalid", "not what is tested here"));
  REQUIRE(stage.api.asked() == "DELETE services");
  SECTION("as a watch says") {
    stage.keeper.remove("Service", Stage::at(first, "12"));
    stage.keeper.put("Service", second);
  }
  SECTION("as a list says") { stage.keeper.replace("Service", {second}); }
  stage.api.answer(200, R"({"kind":"Status","status":"Success"})");
  CHECK(stage.api.asked() == "DELETE services");
}
