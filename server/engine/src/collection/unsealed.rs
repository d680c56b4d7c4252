//! Volumes that were begun and are not sealed: a sudden end has left them, they were given up, or
//! lost in the spool.
//!
//! Their rows are all that is known of half files at a destination. So a row is the last to go: what
//! ends the process before leaves it to the next run.

use super::finish::waiting_in_spool;
use super::run::Running;
use crate::delivery::Stopped;
use crate::error::EngineError;
use crate::store::VolumeRow;

impl Running {
    /// Forgets what is unsealed, at the destination and here; answers what is sealed, and `None` when
    /// it was stopped.
    pub(super) async fn tidy_up(&self) -> Result<Option<Vec<VolumeRow>>, EngineError> {
        let (inner, id) = (&self.inner, self.collection.id);
        match self.forget_unsealed(None).await {
            Ok(()) => {}
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => return Err(EngineError::internal(stopped)),
        }
        let volumes = inner.store.volumes(id).await?;
        inner
            .spool
            .remove_strays(id, waiting_in_spool(&volumes))
            .map_err(EngineError::internal)?;
        Ok(Some(volumes))
    }

    /// Forgets what is unsealed, of one part or of all. Waits for the destination, so that nothing is
    /// left there.
    pub(super) async fn forget_unsealed(&self, part: Option<u32>) -> Result<(), Stopped> {
        for volume in self.unsealed().await? {
            if part.is_some() && volume.part != part {
                continue;
            }
            let (path, id) = (&self.collection.path_of(&volume), volume.id);
            self.link
                .persist(|destination| async move { destination.forget(path, id).await })
                .await?;
            self.drop_unsealed(&volume).await?;
        }
        Ok(())
    }

    /// The same for all parts, once the collection has ended: nobody waits any more. What cannot be
    /// reached now is left to a retry.
    pub(super) async fn try_to_forget_unsealed(&self) -> Result<(), EngineError> {
        for volume in self.unsealed().await? {
            let destination = self.link.current();
            let path = self.collection.path_of(&volume);
            match destination.forget(&path, volume.id).await {
                Ok(()) => self
                    .drop_unsealed(&volume)
                    .await
                    .map_err(EngineError::internal)?,
                Err(error) => {
                    tracing::warn!(name = %volume.name, %error, "a half volume may be left at the destination");
                    self.inner.store.empty_volume(volume.id).await?;
                }
            }
        }
        Ok(())
    }

    async fn unsealed(&self) -> Result<Vec<VolumeRow>, crate::store::StoreError> {
        let volumes = self.inner.store.volumes(self.collection.id).await?;
        let unsealed = volumes.into_iter().filter(|volume| !volume.is_sealed());
        Ok(unsealed.collect())
    }

    async fn drop_unsealed(&self, volume: &VolumeRow) -> Result<(), Stopped> {
        let spool = &self.inner.spool;
        spool.remove_volume(&spool.volume_path(self.collection.id, volume.id)?)?;
        Ok(self.inner.store.drop_volumes(&[volume.id]).await?)
    }
}
