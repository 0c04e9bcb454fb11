// SPDX-License-Identifier: Apache-2.0
// The front door of contract/: what the compiler promises and the proxy relies on (DESIGN §4).
//   abi.h       the decision ABI: request view in, verdict out
//   tables.h    the portable tables of a decision, and kernel.h, the one text of what they mean
//   image.h     the file of one unit: shape, ELF object, tables
//   manifest.h  what one node enforces: units by image digests, names, endpoints, identities
//   names.h     what it answers DNS questions from
//   state.h     the same as it is distributed: signed items, and what changed between two states
//   state_stream.h  its lines on the wire and on disk
//   signature.h keys, and who is trusted
//   edges.h     what a proxy has counted, for SMI metrics; latency.h: in which buckets
//   digest.h    how images are named
//
// Shape and names are kept apart. An image holds only the shape of a unit (indices: route 2,
// destination 0, source class 3), so equal shapes share one image; the names behind the indices
// (services, identities, resource lines) are data in the manifest. Deliberately absent: anything
// about Kubernetes or SMI.
#pragma once

#include "contract/abi.h"
#include "contract/digest.h"
#include "contract/image.h"
#include "contract/manifest.h"
