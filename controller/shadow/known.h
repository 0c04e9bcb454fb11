// SPDX-License-Identifier: Apache-2.0
// What is known of shadow Services, their slices and the nodes. It comes from two sides, and either
// may be behind the other: informers tell of every change, and the answer to a write of our own
// tells of that one, so that nobody has to wait for an informer before the next write.
//
//   answer behind a watch   an object with a version has its place in time: the younger one counts,
//                           and what was removed later than the answer says stays removed
//   answer behind a list    a list without the object is from before the write or from after its
//                           end, which nobody can tell. So the object stays unknown: either the
//                           watch is about to tell of it, or it has to be made anew; whoever tries
//                           finds out
//   watch behind an answer  what is older than what is known is no news
//
// A list is the truth whatever was known, since a watch goes on from it: so it ends every error.
// Not for several threads.
//
// Tested by tests/unit/shadow/keeper_test.cpp, with answers that come late.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/kube/kube.h"
#include "controller/shadow/wanted.h"

namespace smic::shadow {

class Known {
 public:
  using Time = kube::Clock::time_point;

  // From informers. True: it is news.
  void replace(const std::string& kind, const std::vector<kube::Object>& objects, Time now);
  bool put(const std::string& kind, const kube::Object& object, Time now);
  bool remove(const std::string& kind, const kube::Object& object, Time now);
  bool listed(const std::string& kind) const { return listed_.contains(kind); }

  // From our own writes, one at a time: one begins, and is then answered, or not.
  void begin(const Write& write);
  void answered(const std::string& object, Time now);  // it looks like this
  void answered_gone(Time now);  // it was removed, or was not there any more

  // Everything, for wanted_writes; `now` says which ports rest.
  World world(const std::string& ns, PortRange range, Time now);

 private:
  struct Writing {
    std::string kind, name;
    std::uint64_t version = 0;     // of what was known when it began; 0 = nothing was
    std::uint64_t removed_at = 0;  // since then, as a watch told; 0 = it was not
    bool listed = false;           // since then
  };

  // 0: it is not known, or not written by us.
  std::uint64_t version_of(const std::string& kind, const std::string& name) const;
  void learn(const std::string& kind, const kube::Object& object, Time now);
  void forget(const std::string& kind, const std::string& name, Time now);
  void rest(const Targets& targets, Time now);

  Standing standing_;
  std::map<std::string, Node> nodes_;  // by name
  std::set<std::string> listed_;       // kinds
  std::map<std::pair<Transport, std::uint16_t>, Time> resting_;  // ports, until when
  Writing writing_;
};

std::string kind_of(Write::Kind kind);  // "Service"

}  // namespace smic::shadow
