// SPDX-License-Identifier: Apache-2.0
// Leadership by a Lease (coordination.k8s.io): whoever holds it writes. It holds as long as it
// renews; one that has not been renewed for its duration is free.
//
// No clock is compared with anybody else's. A candidate sees that the Lease did not change for its
// duration by its own clock; the holder counts from before it asked for the renewal, and stops
// believing in it earlier than anybody can have taken over. The clock goes on while a machine
// sleeps, so a process that was stopped, however long, knows it before its next write.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "controller/kube/client.h"
#include "controller/kube/leadership.h"

namespace smic::kube {

struct LeaseTimes {
  std::chrono::seconds duration{15};  // in the Lease: unrenewed for so long, it is free

  // How long a renewal is worth to the holder: a third of the duration is for writes on their way.
  std::chrono::milliseconds worth() const { return std::chrono::milliseconds(duration) * 2 / 3; }
  std::chrono::milliseconds retry() const { return std::chrono::milliseconds(duration) / 8; }
};

struct Candidacy {
  std::string ns;
  std::string name;      // of the Lease
  std::string identity;  // of this process, and of no other
  LeaseTimes times;
};

// A name and random digits: two processes on one host are two.
std::string identity_of(const std::string& host, std::uint64_t random);

// Takes part until it is destroyed, which gives the Lease up, if the API can be asked within a
// moment, so that another takes over at once.
std::unique_ptr<Leadership> elect(Config config, Candidacy candidacy, std::uint64_t seed);

}  // namespace smic::kube
