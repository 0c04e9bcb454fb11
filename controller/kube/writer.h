// SPDX-License-Identifier: Apache-2.0
// Writes as a controller makes them: only while it leads, no faster than is polite, again when the
// server was busy, away or in doubt, and decided anew when somebody else wrote in between.
//
// A write whose answer was lost may have happened. Each kind here is one that may then be made
// again: a patch and an apply come to the same, a second create meets its own object, a second
// removal finds nothing, and change() reads before it decides.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "controller/kube/client.h"
#include "controller/kube/leadership.h"
#include "controller/kube/rate.h"

namespace smic::kube {

class Writer {
 public:
  struct Limits {
    double per_second = 50;
    double burst = 100;
    std::size_t tries = 6;  // of one write
    Backoff::Limits backoff{std::chrono::milliseconds(50), std::chrono::milliseconds(5'000)};
  };

  // May be used by several threads.
  Writer(Client& client, const Stop& stop, const Leadership& leadership, Limits limits,
         std::uint64_t seed);

  // The object as it was made; nothing if it was there already, whatever it looks like.
  ApiResult<std::optional<std::string>> create(const std::string& collection,
                                               const std::string& body);
  // True = made; false = it was there already.
  ApiResult<bool> create_if_absent(const std::string& collection, const std::string& body);
  ApiResult<std::string> patch(const std::string& object, PatchType type, const std::string& body);
  // The error of a field that another manager owns names the manager and the field.
  ApiResult<std::string> apply(const std::string& object, const std::string& body,
                               const Applier& as);
  // True = removed; false = it was not there.
  ApiResult<bool> remove(const std::string& object);

  // Reads, lets `edit` make of it what is to be written (nothing = it is good as it is), and writes
  // it in the place of what was read, and of nothing else. True = written. The text that edit gives
  // must carry the resourceVersion that it was given.
  using Edit = std::function<ApiResult<std::optional<std::string>>(const std::string& object)>;
  ApiResult<bool> change(const std::string& object, const Edit& edit);

 private:
  template <class T>
  ApiResult<T> persist(const std::function<ApiResult<T>()>& attempt, bool conflicts_too = false);

  Client& client_;
  const Stop& stop_;
  const Leadership& leadership_;
  const Limits limits_;
  Rate rate_;
  std::mutex mutex_;  // of seeds_
  std::mt19937_64 seeds_;
};

// Is it worth trying again, by itself?
bool passes(Fault fault);

}  // namespace smic::kube
