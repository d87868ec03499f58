//! What a node tells of channels that are not open: on their way up, on their way down, and gone.

use tonic::Status;

use super::network::{Network, NodeId};
use crate::proto::lnrpc::{ClosedChannelsRequest, ClosedChannelsResponse, PendingChannelsResponse};

impl Network {
    /// PendingChannels.
    pub(crate) fn pending_channels(&self, id: NodeId) -> Result<PendingChannelsResponse, Status> {
        self.known(id)?;
        Ok(PendingChannelsResponse::default())
    }

    /// ClosedChannels.
    pub(crate) fn closed_channels(
        &self,
        id: NodeId,
        _: &ClosedChannelsRequest,
    ) -> Result<ClosedChannelsResponse, Status> {
        self.known(id)?;
        Ok(ClosedChannelsResponse::default())
    }
}
