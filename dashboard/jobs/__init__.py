"""Jobs as the workbench sees them: background callbacks on the cluster, their progress, the tray in the header."""
