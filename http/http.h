// SPDX-License-Identifier: Apache-2.0
// The front door of http/: HTTP/1.1 and TLS as a client, for those who ask a server of the control
// plane: the controller asks the Kubernetes API, the proxy asks the controller.
//   connection.h  a request at a time over a stream, the answer's body piece by piece
//   stream.h      bytes to and from a server with a deadline: TCP, and TLS on top
//   pem.h         certificates and keys in PEM, for both ends of TLS
//   fault.h       what can go wrong, by what to do about it
//   backoff.h     how long to wait before the next try
//   stop.h        ends every wait of those who share it
//
// Blocking calls with deadlines, because whoever follows a stream has a thread for it. Deliberately
// absent: what is asked and answered; traffic of the mesh, which runtime/net carries.
#pragma once

#include "http/backoff.h"
#include "http/connection.h"
#include "http/fault.h"
#include "http/pem.h"
#include "http/stop.h"
#include "http/stream.h"
