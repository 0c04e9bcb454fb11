// SPDX-License-Identifier: Apache-2.0
// The wiring: what the daemon consists of, one concern after the other. What others rely on comes
// first, since the list is stopped from its end.
#include "controller/daemon/daemon.h"

namespace smic::controller {

std::vector<std::unique_ptr<Component>> components(const Surroundings& surroundings) {
  const Configuration& given = surroundings.configuration;
  std::vector<std::unique_ptr<Component>> list;
  if (!given.out.empty()) list.push_back(file_publisher(given.out));
  return list;
}

}  // namespace smic::controller
