// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/graph.h"

namespace smic::decision {

Decision decide(const ir::Unit& unit) {
  Graph graph = build(unit);
  Decision decision;
  for (const HeaderSlot& slot : graph.slots) decision.shape.header_slots.push_back(slot.name);
  for (const auto& weights : graph.weights) {
    decision.shape.route_backends.push_back(static_cast<std::uint32_t>(weights.size()));
  }
  decision.shape.source_classes = graph.access.source_classes;
  decision.shape.destinations = graph.access.destinations;
  decision.tables = encode(graph);
  decision.names = std::move(graph.names);
  return decision;
}

}  // namespace smic::decision
