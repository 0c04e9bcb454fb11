// SPDX-License-Identifier: Apache-2.0
// Against scripted servers; with a real one and real processes: tests/system/leader_test.py.
#include "controller/kube/election.h"

#include <catch2/catch.hpp>
#include <future>

#include "controller/kube/lease.h"
#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::kube;
using std::chrono::seconds;
using test::answer;
using test::failure;
using test::ScriptedApi;

namespace {

const std::string kObject = "/apis/coordination.k8s.io/v1/namespaces/smic-system/leases/smic ";
const std::string kCollection = "/apis/coordination.k8s.io/v1/namespaces/smic-system/leases ";

Candidacy me() { return {"smic-system", "smic", "me", {seconds(3)}}; }

std::string lease_of(const std::string& holder, int renewal = 0, seconds duration = seconds(1)) {
  const std::chrono::system_clock::time_point when{seconds(1'000'000 + renewal)};
  return new_lease("smic-system", "smic", {holder, duration, when});
}

const std::string kAbsent = answer(404, failure(404, "NotFound", "no lease"));

// What was told of a leadership that may end before this or after it.
class Changes {
 public:
  explicit Changes(Leadership& leadership) {
    leadership.on_change([heard = heard_](bool leads) {
      const std::lock_guard lock(heard->mutex);
      heard->told.push_back(leads);
      heard->condition.notify_all();
    });
  }

  bool wait(std::size_t count) {
    std::unique_lock lock(heard_->mutex);
    return heard_->condition.wait_for(lock, seconds(20),
                                      [&] { return heard_->told.size() >= count; });
  }
  std::vector<bool> all() {
    const std::lock_guard lock(heard_->mutex);
    return heard_->told;
  }

 private:
  struct Heard {
    std::mutex mutex;
    std::condition_variable condition;
    std::vector<bool> told;
  };
  const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

// An API with one Lease, which another holds and renews at each of its first `renewals` reads.
class OneLease {
 public:
  explicit OneLease(int renewals) : renewals_(renewals) {
    backend_ =
        std::make_unique<test::ScriptedBackend>([this](test::RawSocket& socket) { serve(socket); });
  }

  Config config() const { return {.host = "127.0.0.1", .port = backend_->port(), .tls = false}; }
  Lease lease() {
    const std::lock_guard lock(mutex_);
    return *read_lease(lease_);
  }
  // How long after the last renewal was seen.
  Clock::duration taken_after() {
    const std::lock_guard lock(mutex_);
    return taken_ - renewed_;
  }

 private:
  void serve(test::RawSocket& socket) {
    for (;;) {
      const test::Message request = socket.receive_request();
      if (request.first_line.empty()) return;
      if (!socket.send(answer(200, reply(request)))) return;
    }
  }

  std::string reply(const test::Message& request) {
    const std::lock_guard lock(mutex_);
    if (request.first_line.starts_with("PUT")) {
      lease_ = request.body;
      if (taken_ == Clock::time_point()) taken_ = Clock::now();
    } else if (renewals_ > 0) {
      lease_ = lease_of("other", renewals_--);
      renewed_ = Clock::now();
    }
    return lease_;
  }

  std::mutex mutex_;
  int renewals_;
  std::string lease_;
  Clock::time_point renewed_, taken_;
  std::unique_ptr<test::ScriptedBackend> backend_;
};

}  // namespace

TEST_CASE("who finds no Lease makes one, leads, and gives it up at the end") {
  ScriptedApi api({{"GET " + kObject, kAbsent},
                   {"POST " + kCollection, answer(201, lease_of("me"))},
                   {"PUT " + kObject, answer(200, lease_of(""))}});
  {
    const auto election = elect(api.config(), me(), 1);
    Changes changes(*election);
    REQUIRE(changes.wait(1));
    CHECK(election->leads());
    CHECK(election->leader() == "me");
  }
  CHECK(api.finish() == "");
  CHECK(read_lease(api.requests()[2].body)->holder.empty());
}

TEST_CASE("a Lease that somebody renews is left to them; one that nobody renews is taken") {
  OneLease api(3);  // the other renews three times, and then no more
  const auto election = elect(api.config(), me(), 1);
  Changes changes(*election);
  REQUIRE(changes.wait(1));
  CHECK(election->leads());
  CHECK(api.taken_after() > seconds(1));
  CHECK(api.lease().transitions == 1);
}

TEST_CASE("two who want it at once: the API decides, and the loser does not lead") {
  ScriptedApi api({{"GET " + kObject, answer(200, lease_of(""))},
                   {"PUT " + kObject, answer(409, failure(409, "Conflict", "modified"))},
                   {"GET " + kObject, answer(200, lease_of("other", 1))}});
  const auto election = elect(api.config(), me(), 1);
  CHECK(api.finish() == "");
  CHECK_FALSE(election->leads());
}

TEST_CASE("a leader that cannot renew stops leading by its own clock") {
  ScriptedApi api({{"GET " + kObject, kAbsent},
                   {"POST " + kCollection, answer(201, lease_of("me"))},
                   {"GET " + kObject, answer(500, failure(500, "InternalError", "etcd"))},
                   {"GET " + kObject, answer(500, failure(500, "InternalError", "etcd"))},
                   {"GET " + kObject, answer(500, failure(500, "InternalError", "etcd"))},
                   {"GET " + kObject, answer(500, failure(500, "InternalError", "etcd"))}});
  const auto election = elect(api.config(), me(), 1);
  Changes changes(*election);
  REQUIRE(changes.wait(2));
  CHECK(changes.all() == std::vector<bool>{true, false});
  CHECK_FALSE(election->leads());
}

TEST_CASE("a leader that finds another's name in the Lease stops at once") {
  ScriptedApi api({{"GET " + kObject, kAbsent},
                   {"POST " + kCollection, answer(201, lease_of("me"))},
                   {"GET " + kObject, answer(200, lease_of("other", 5))}});
  const auto election = elect(api.config(), me(), 1);
  Changes changes(*election);
  REQUIRE(changes.wait(2));
  CHECK_FALSE(election->leads());
  CHECK(api.finish() == "");
}

TEST_CASE("who is not to be told any more is not, at the end either") {
  ScriptedApi api({{"GET " + kObject, kAbsent},
                   {"POST " + kCollection, answer(201, lease_of("me"))},
                   {"PUT " + kObject, answer(200, lease_of(""))}});
  auto election = elect(api.config(), me(), 1);
  Changes changes(*election);
  REQUIRE(changes.wait(1));
  election->on_change(nullptr);
  election.reset();
  CHECK(changes.all() == std::vector<bool>{true});
  CHECK(api.finish() == "");
}

TEST_CASE("processes of one host are told apart") {
  CHECK(identity_of("node", 1) == "node_0000000000000001");
  CHECK(identity_of("node", 1) != identity_of("node", 2));
}
