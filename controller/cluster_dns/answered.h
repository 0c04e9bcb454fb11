// SPDX-License-Identifier: Apache-2.0
// Which of the wanted zones somebody answers for, so that the block can only ever help (manager.h).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/cluster_dns/manager.h"
#include "controller/cluster_dns/plan.h"

namespace smic::cluster_dns {

class Answered {
 public:
  // `options` outlive it.
  explicit Answered(const ManagerOptions& options) : options_(options) {}

  // Sorted. Asks the responders; `texts` tell what is in force.
  std::vector<std::string> choose(const Wish& wish, const std::vector<Server>& responders,
                                  const Texts& texts);

  // Were some wanted that were not chosen?
  bool missing() const { return missing_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool keeps(const std::vector<Server>& responders, const std::string& zone, bool is_in);
  bool somebody(const std::vector<Server>& responders, const std::string& zone);
  bool everybody(const std::vector<Server>& responders, const std::string& zone);
  std::optional<bool> asks(const Server& server, const std::string& zone);

  const ManagerOptions& options_;
  std::map<std::string, Clock::time_point> last_;  // answered, of namespaces
  std::set<std::string> silent_;                   // in this round
  bool missing_ = false;
};

}  // namespace smic::cluster_dns
