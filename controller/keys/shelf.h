// SPDX-License-Identifier: Apache-2.0
// Where controllers keep the little that they share: objects of named texts that are written only
// if nobody else has written meanwhile. In a cluster they are Secrets and ConfigMaps, without one
// files in a directory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "controller/kube/client.h"

namespace smic::keys {

using Entries = std::map<std::string, std::string>;

struct Kept {
  Entries entries;
  std::string version;  // of the store's own making
};

// What there is. The names of a cluster's objects and of a directory's files follow from it.
enum class Object {
  keys,          // secret: keys.json
  trust,         // trust.pem, ca.crt
  distribution,  // epoch
};

// Safe to use from any thread.
class Shelf {
 public:
  virtual ~Shelf() = default;

  virtual Result<std::optional<Kept>> read(Object object) = 0;
  // `version` as it was read; none = it must not be there yet. False: somebody else was faster.
  virtual Result<bool> write(Object object, const Entries& entries,
                             const std::optional<std::string>& version) = 0;
};

// Files in a directory, which is made if it is not there. Several processes may share it.
Result<std::shared_ptr<Shelf>> directory_shelf(std::string directory);

// A Secret and ConfigMaps of a namespace. The client must outlive it.
std::shared_ptr<Shelf> cluster_shelf(kube::Client& client, std::string ns);

// Reads, lets `change` make the new entries of the old (none: leave it), writes, and does it again
// if somebody was faster. What stands there in the end.
using Change = std::function<Result<std::optional<Entries>>(const std::optional<Kept>&)>;
Result<Entries> update(Shelf& shelf, Object object, const Change& change);

}  // namespace smic::keys
