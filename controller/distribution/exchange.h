// SPDX-License-Identifier: Apache-2.0
// What replicas tell each other: which of the nodes that follow them enforce the state that they
// have. Each writes an entry of its own into the object that has the epoch, when something changed,
// at most once a second; and reads those of the others. States are compared by the mesh part's
// digest, since versions are each replica's own. So the replica that leads knows of all nodes,
// whichever replica they follow.
//
// An entry that has not changed for three beats is of a replica that is gone, and is taken out by
// the next who writes. No clock is shared for that: everybody counts for himself.
#pragma once

#include <memory>
#include <string>

#include "controller/distribution/hub.h"
#include "controller/keys/shelf.h"

namespace smic::distribution {

struct ExchangeOptions {
  std::chrono::milliseconds look{1'000};
  std::chrono::milliseconds beat{30'000};
};

// Ends its thread when it goes.
class Exchange {
 public:
  // `name` is this replica's alone, of letters, digits, `-` and `.`.
  Exchange(std::shared_ptr<Hub> hub, std::shared_ptr<keys::Shelf> shelf, std::string name,
           ExchangeOptions options = {});
  ~Exchange();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string to_text(const Report& report, std::uint64_t beat);
// Absent: this is no report.
std::optional<Report> report_from(std::string_view text);

}  // namespace smic::distribution
