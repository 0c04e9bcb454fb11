// SPDX-License-Identifier: Apache-2.0
// What the address plan has to say of Services (a place that was taken, a range that is used up),
// as findings, so that it is told as Events on them. It is no diagnostic: nothing in the object is
// wrong.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "controller/controller.h"
#include "controller/status/verdicts.h"

namespace smic::status {

class AddressNews {
 public:
  // The Services of which something else is to be said.
  std::set<ObjectName> update(const controller::Update& update, const Sources& sources);

  // A verdict and what is to be said beside it. `told`: null if nothing else ever was.
  std::optional<Verdict> beside(const ObjectName& name, const Verdict* told) const;

 private:
  struct Said {
    std::optional<Verdict> object;  // without findings; nothing: it is gone
    std::vector<Finding> findings;
  };

  std::vector<controller::AddressPlan::Unplaced> unplaced_;
  std::vector<controller::AddressPlan::Remark> remarks_;
  std::map<ObjectName, Said> said_;  // also where nothing is said any more, once
};

}  // namespace smic::status
